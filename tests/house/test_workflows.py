"""Workflows as their runner reads them: steps that can run, commands that exist, no right too many."""

import ast
import importlib
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
VERSIONS = {
    "actions/checkout": 6, "actions/setup-python": 6, "actions/setup-node": 6, "actions/cache": 5,
    "actions/upload-pages-artifact": 5, "actions/deploy-pages": 5,
}  # fmt: skip
"""The first major versions that run on Node 24; runners have given up those before."""
NEEDED = {
    "actions/deploy-pages": {"pages": "write", "id-token": "write"},
    "git push": {"contents": "write"},
}
"""What a job that does this must be allowed to do; nothing else is written."""


def read(path: Path) -> dict:
    """A workflow; YAML takes its ``on`` for a truth value."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in workflow.items()}


JOBS = {f"{path.stem}: {name}": job for path in WORKFLOWS for name, job in read(path)["jobs"].items()}


def scripts(job: dict) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_every_workflow_starts_by_events_and_reads_only_unless_a_job_says_more():
    starts = {path.stem: set(read(path)["on"]) for path in WORKFLOWS}
    assert starts == {
        "publish": {"push", "workflow_dispatch"}, "test": {"push", "pull_request"},
        "rehearse": {"release", "schedule", "workflow_dispatch"},
    }  # fmt: skip
    assert all(read(path)["permissions"] == {"contents": "read"} for path in WORKFLOWS)
    (cron,) = read(REPOSITORY / ".github" / "workflows" / "rehearse.yml")["on"]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \d+ \* \*", cron["cron"]), "once a month"


@pytest.mark.parametrize("name", JOBS)
def test_a_job_ends_and_its_steps_do_one_thing_each(name):
    job = JOBS[name]
    assert job["runs-on"] == "ubuntu-latest" and 0 < job["timeout-minutes"] <= 180
    assert job["steps"][0]["uses"].startswith("actions/checkout@")
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    known = {step["id"] for step in job["steps"] if "id" in step}
    asked = set(re.findall(r"steps\.(\w+)\.", str(job)))
    assert asked <= known, "an output of a step that there is not"
    assert set(job.get("needs", "").split()) <= {each.partition(": ")[2] for each in JOBS}


@pytest.mark.parametrize("name", JOBS)
def test_actions_are_versions_that_still_run(name):
    used = [step["uses"].partition("@") for step in JOBS[name]["steps"] if "uses" in step]
    assert {action: version for action, _, version in used} == {
        action: f"v{VERSIONS[action]}" for action, _, _ in used
    }


@pytest.mark.parametrize("name", JOBS)
def test_a_job_may_write_only_what_it_writes(name):
    job = JOBS[name]
    done = [step.get("uses", "").partition("@")[0] for step in job["steps"]] + scripts(job)
    needed = {
        right: how for deed, rights in NEEDED.items() if any(deed in each for each in done)
        for right, how in rights.items()
    }  # fmt: skip
    written = {right: how for right, how in job.get("permissions", {}).items() if how == "write"}
    assert written == needed


@pytest.mark.parametrize("name", JOBS)
def test_the_commands_of_a_job_exist(name):
    """Shell that parses; targets of the Makefile, with profiles that ship; files of the repository."""
    for script in scripts(JOBS[name]):
        plain = re.sub(r"\$\{\{.*?\}\}", "value", script)
        told = subprocess.run(["bash", "-n"], input=plain, capture_output=True, text=True)
        assert told.returncode == 0, told.stderr
        for line in re.findall(r"^make .+$", script, re.MULTILINE):
            target, *settings = shlex.split(line)[1:]
            assert target in TARGETS, f"make {target}"
            profile = dict(each.split("=") for each in settings).get("PROFILE", "quick")
            assert (REPOSITORY / "cardiacnets" / "profiles" / f"{profile}.yaml").is_file()
        for line in re.findall(r"^\.ci/\S+$", script, re.MULTILINE):
            assert os.access(REPOSITORY / line, os.X_OK), line
        for code in re.findall(r'python -c "(.+)"', script):
            imports = [node for node in ast.parse(code).body if isinstance(node, ast.ImportFrom)]
            assert imports and all(
                hasattr(importlib.import_module(node.module), alias.name)
                for node in imports
                for alias in node.names
            )
    assert scripts(JOBS[name])


def test_what_is_published_and_kept_is_what_was_built():
    steps = JOBS["publish: book"]["steps"]
    found = {step["uses"].partition("@")[0]: step.get("with", {}) for step in steps if "uses" in step}
    assert "make book PROFILE=quick" in scripts(JOBS["publish: book"])
    assert found["actions/upload-pages-artifact"]["path"] == "runs/quick/book"
    kept = found["actions/cache"]
    assert kept["path"] == "runs/quick" and kept["key"].startswith(kept["restore-keys"])
    assert [step.get("uses") or step["run"] for step in steps][-1].startswith("actions/deploy-pages@")


def test_the_rehearsal_installs_the_newest_book_beside_the_pinned_one():
    (job,) = (job for name, job in JOBS.items() if name.startswith("rehearse"))
    told = "\n".join(scripts(job))
    assert '"jupyter-book>=2"' in told and "python -m venv newest" in told and "_build/html" in told
    pinned = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    assert re.search(r"^jupyter-book==1\.", pinned, re.MULTILINE)
    assert not re.search(r"\.venv/bin/(python -m )?pip", told), "the pinned one stays as it is"
