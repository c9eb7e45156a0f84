"""One build a run at a time; a lock that ends with its process."""

import subprocess
import sys

import pytest

from cardiacnets.report import build
from cardiacnets.run import open_run


def test_a_second_build_of_a_run_is_refused_and_a_killed_one_leaves_no_lock(tmp_path):
    code = (
        f"from pathlib import Path; from cardiacnets.report.build import hold; hold(Path({str(tmp_path)!r}))"
    )
    code += "; print('held', flush=True); import time; time.sleep(60)"
    first = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert first.stdout.readline() == "held\n"
    with pytest.raises(ValueError, match="another process"):
        build.hold(tmp_path)
    first.kill()
    first.wait()
    assert build.hold(tmp_path) > 0


def test_snakemake_reruns_on_content_and_parameters_only():
    call = build.command("smoke", open_run("smoke", "try"), "all")
    triggers = call[call.index("--rerun-triggers") + 1 : call.index("--config")]
    assert set(triggers) == {"mtime", "params", "input"}
    assert "--rerun-incomplete" in call and "profile=smoke" in call and "run=try" in call
    assert not any(word.startswith(("parts=", "manifests=")) for word in call)
    assert "parts=8" in build.command("smoke", open_run("smoke", "try"), "all", parts="8")


def test_an_unknown_profile_is_one_line(capsys):
    assert build.main(["--profile", "huge"]) == 1
    assert capsys.readouterr().err.startswith("error: no profile 'huge'")
