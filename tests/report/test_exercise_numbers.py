"""An exercise's title says what its check takes, not its place in the whole book."""

from cardiacnets.report.exercise_numbers import name_exercises

PAGE = """<div class="exercise admonition" id="ex-03-1">
<p class="admonition-title"><span class="caption-number">Exercise 10 </span> (Batch and chance)</p></div>
<div class="solution admonition"><p class="admonition-title">Solution to
<a class="reference internal" href="#ex-03-1"> Exercise 10 (Batch and chance)</a></p>
<p>Exercise 10 minutes a day.</p></div>"""


def test_exercise_and_solution_are_called_by_the_label(tmp_path):
    (tmp_path / "03.html").write_text(PAGE)
    (tmp_path / "other.html").write_text("<p>Exercise 10</p>")
    assert name_exercises(tmp_path) == [tmp_path / "03.html"]
    named = (tmp_path / "03.html").read_text()
    assert named.count("Exercise 03-1 ") == 2 and "Exercise 10 minutes a day" in named
    assert name_exercises(tmp_path) == []
