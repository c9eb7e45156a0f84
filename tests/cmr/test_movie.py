"""Movies that are inside the page, play in a browser, and are described."""

import base64
import re
import shutil
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest

from cardiacnets.cmr.movie import movie_html, mp4_bytes


def film(frames=8, height=20, width=24):
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
    assert mp4_bytes(film()) == mp4_bytes(film())


def test_the_page_holds_the_film_and_says_what_it_is():
    page = movie_html([film(), film(height=16)], labels=["real", "generated <b>"], content="simulated")
    assert 'data-content="simulated"' in page
    assert "<video controls loop muted" in page and "playsinline" in page
    assert 'aria-label="Cine: real, generated &lt;b&gt;"' in page
    assert "http" not in page
    encoded = re.search(r"data:video/mp4;base64,([A-Za-z0-9+/=]+)", page).group(1)
    assert base64.b64decode(encoded)[4:8] == b"ftyp"


def test_a_film_is_one_persons_unless_said_otherwise():
    assert 'data-content="individual"' in movie_html(film())


@pytest.mark.parametrize(
    "arguments, fault",
    [
        ({"frames": film().astype(float)}, "uint8"),
        ({"frames": film()[0]}, "film"),
        ({"frames": [film(), film(frames=7)]}, "one length"),
        ({"frames": film(), "labels": ["a", "b"]}, "labels"),
        ({"frames": film(), "content": "secret"}, "content"),
    ],
)
def test_bad_films_are_refused(arguments, fault):
    with pytest.raises(ValueError, match=fault):
        movie_html(**arguments)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_chromium_plays_it(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        f"<!doctype html><title>waiting</title>{movie_html(film(frames=50), description='test film')}"
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
