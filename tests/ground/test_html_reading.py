"""One reader of HTML for gate and guard: elements, words, and what is around them."""

from hypothesis import given
from hypothesis import strategies as st

from cardiacnets.html_reading import Element, Words, read_html, visible_lines


def test_elements_come_in_order_with_what_is_around_them():
    read = list(
        read_html('<DIV Data-Content="a" data-content="b">\n<img ALT="&uuml;"><p class="x y">c</div>d')
    )
    div, _, img, p, words, last = read
    assert (div.tag, div.attributes, div.line) == ("div", {"data-content": "a"}, 1)
    assert (img.tag, img.attributes, img.line, list(img.around())[0]) == ("img", {"alt": "ü"}, 2, div)
    assert p.attributes == {"class": "x y"} and words == Words("c", p)
    assert p.nearest("p") is p and p.nearest("div", "table") is div and p.nearest("table") is None
    assert last.text == "d" and last.parent.tag == ""


def test_comments_are_no_words_and_styles_keep_theirs():
    read = list(read_html("<!DOCTYPE html><!-- a --><style>b</style><script>c</script>"))
    assert [(one.parent.tag, one.text) for one in read if isinstance(one, Words)] == [
        ("style", "b"), ("script", "c"),
    ]  # fmt: skip
    assert visible_lines(read) == []


def test_letters_in_inline_elements_join_their_word_and_cells_do_not():
    page = "<p>10<b>000</b>0<sub>01</sub></p><tr><td>1</td><td>2</td></tr>3<br>4"
    page += "<svg><text>5<tspan>6</tspan></text></svg>"
    assert visible_lines(read_html(page)) == ["10000001", "1", "2", "3", "4", "56"]


@given(st.text(st.sampled_from("<>/&;=\"' ab!-\n#x1"), max_size=60))
def test_whatever_comes_is_read(page):
    for found in read_html(page):
        assert isinstance(found, Element | Words)


def test_a_very_deep_page_is_read():
    assert sum(1 for _ in read_html("<i>" * 5000 + "x")) == 5001
