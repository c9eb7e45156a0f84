"""Movies that are inside the page, play in a browser, and are described."""

import base64
import io
import re
import shutil
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from cardiacnets.cmr.movie import film, mp4_bytes


def cine(frames=8, height=20, width=24):
    return np.random.default_rng(0).integers(0, 256, (frames, height, width), dtype=np.uint8)


def decode(path):
    stream = imageio_ffmpeg.read_frames(str(path), pix_fmt="gray", bits_per_pixel=8)
    about = next(stream)
    width, height = about["size"]
    return about, np.stack([np.frombuffer(frame, np.uint8).reshape(height, width) for frame in stream])


@pytest.mark.parametrize("height, width, scale", [(20, 24, 3), (21, 25, 3), (5, 7, 1)])
def test_what_is_decoded_is_what_was_encoded(tmp_path, height, width, scale):
    frames = np.full((6, height, width), 40, np.uint8)
    frames[:, 1:4, 2:5] = 200
    path = tmp_path / "movie.mp4"
    path.write_bytes(mp4_bytes(frames, fps=25, scale=scale))
    about, decoded = decode(path)
    assert about["codec"] == "h264" and "yuv420p" in about["pix_fmt"] and about["fps"] == 25
    assert decoded.shape[0] == 6 and decoded.shape[1] % 2 == 0 and decoded.shape[2] % 2 == 0
    large = frames.repeat(scale, axis=1).repeat(scale, axis=2)
    # limited-range yuv and lossy coding cost a few grey levels
    assert np.abs(decoded[:, : height * scale, : width * scale].astype(int) - large).mean() < 6


def test_the_same_frames_give_the_same_bytes():
    assert mp4_bytes(cine()) == mp4_bytes(cine())


def test_the_page_holds_the_film_and_says_what_it_is():
    page = film([cine(), cine(height=16)], labels=["real", "generated <b>"]).html(content="simulated")
    assert 'data-content="simulated"' in page
    said = 'aria-label="Cine: real, generated &lt;b&gt;"'
    assert f"<video {said} controls loop muted playsinline" in page and page.count("aria-label") == 1
    assert "http" not in page
    encoded = re.search(r"data:video/mp4;base64,([A-Za-z0-9+/=]+)", page).group(1)
    assert base64.b64decode(encoded)[4:8] == b"ftyp"


def test_a_film_on_a_page_is_smaller_and_still_what_was_recorded(tmp_path):
    frames = (cine(16, 48, 48) // 4 + 90).astype(np.uint8)
    made, path = film(frames, scale=2), tmp_path / "film.mp4"
    path.write_bytes(made.mp4)
    assert len(made.mp4) < len(mp4_bytes(frames, scale=2))
    large = frames.repeat(2, axis=1).repeat(2, axis=2)
    assert np.abs(decode(path)[1].astype(int) - large).mean() < 6


def test_rows_hold_the_cines_in_their_order_and_what_is_left_is_black(tmp_path):
    cines = [np.full((6, 16, 16), grey, np.uint8) for grey in (60, 120, 180, 240, 90)]
    made = film(cines, labels=list("abcde"), scale=1, columns=3)
    path = tmp_path / "rows.mp4"
    path.write_bytes(made.mp4)
    _, decoded = decode(path)
    shown = decoded[0].reshape(2, 16, 3, 16).mean(axis=(1, 3))  # (row, column)
    assert np.abs(shown - [[60, 120, 180], [240, 90, 0]]).max() < 6
    page = made.html(content="simulated")
    assert made.widths == (16, 16, 16) and page.index("<video") < page.index("<span>a</span>")
    assert "<span>a</span>" in film(cines, labels=list("abcde")).html().partition("<video")[0]


def test_the_still_is_the_first_frame():
    frames = cine()
    still = np.asarray(Image.open(io.BytesIO(film(frames, scale=2).poster)))
    assert (still == frames[0].repeat(2, axis=0).repeat(2, axis=1)).all()


def test_a_film_is_one_persons_unless_said_otherwise():
    assert 'data-content="individual"' in film(cine()).html()


@pytest.mark.parametrize(
    "arguments, fault",
    [
        ({"frames": cine().astype(float)}, "uint8"),
        ({"frames": cine()[0]}, "film"),
        ({"frames": [cine(), cine(frames=7)]}, "one length"),
        ({"frames": cine(), "labels": ["a", "b"]}, "labels"),
        ({"frames": [cine(), cine(), cine()[:, :, 1:]], "columns": 2}, "one width"),
    ],
)
def test_bad_films_are_refused(arguments, fault):
    with pytest.raises(ValueError, match=fault):
        film(**arguments)


def test_an_unknown_content_is_refused():
    with pytest.raises(ValueError, match="content 'secret': one of aggregate, simulated, individual, public"):
        film(cine()).html(content="secret")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_chromium_plays_it(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        f"<!doctype html><title>waiting</title>{film(cine(frames=50)).html('test film')}"
        "<script>const v=document.querySelector('video');v.addEventListener('timeupdate',()=>{"
        "if(v.currentTime>0)document.title=`playing ${v.videoWidth}x${v.videoHeight} ${v.readyState}`});"
        "v.play()</script>"
    )
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=4000",
        f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    title = re.search(r"<title>(.*?)</title>", shown).group(1)
    assert re.fullmatch(r"playing 72x60 [234]", title), title
