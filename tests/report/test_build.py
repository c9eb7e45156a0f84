"""One build a run at a time; a lock that ends with its process."""

import subprocess
import sys

import pytest

from cardiacnets.artefacts import read_json
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


def test_snakemake_reruns_on_content_and_parameters_only(tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    call = build.command("smoke", open_run("smoke", "try"), "all")
    triggers = call[call.index("--rerun-triggers") + 1 : call.index("--configfile")]
    assert set(triggers) == {"mtime", "params", "input"}
    assert "--rerun-incomplete" in call
    settings = read_json(tmp_path / "try" / build.SETTINGS)
    assert settings == {"profile": "smoke", "run": "try", "runs": str(tmp_path)}
    build.command("smoke", open_run("smoke", "try"), "all", parts="8")
    assert read_json(tmp_path / "try" / build.SETTINGS)["parts"] == "8"


def test_an_unknown_profile_is_one_line(capsys):
    assert build.main(["--profile", "huge"]) == 1
    assert capsys.readouterr().err.startswith("error: no profile 'huge'")


@pytest.mark.parametrize("name", ["007", "2024", "2024_01", "1e5", "true", "null", "Müller's run"])
def test_a_run_name_reaches_the_graph_as_text(name, tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    call = build.command("smoke", open_run("smoke", name), "1", ["--detailed-summary"])
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"{tmp_path}/{name}/results/00.json" in done.stdout
    # and papermill takes what -r gives it as text
    assert "-r run {params.run:q}" in (build.REPOSITORY / "Snakefile").read_text()


def test_a_name_that_snakemake_made_a_number_is_refused(tmp_path):
    call = ["snakemake", "--snakefile", str(build.REPOSITORY / "Snakefile"), "--dry-run", "--cores", "1"]
    call += ["--directory", str(build.REPOSITORY), "--nolock", "--config", "run=007"]
    done = subprocess.run([sys.executable, "-m", *call], capture_output=True, text=True)
    assert done.returncode != 0 and "run=7 was read as a number" in done.stdout + done.stderr
