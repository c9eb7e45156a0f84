"""Where a page's numbers come from: profile, seed, code, versions, machine and cost."""

from __future__ import annotations

import html
import os
import platform
import resource
import sys
from dataclasses import asdict
from typing import Any

import torch

from cardiacnets.cohorts.manifest import Manifest
from cardiacnets.cohorts.studied import real_cohorts
from cardiacnets.profile import Profile
from cardiacnets.report.duration import duration
from cardiacnets.run import Run, digest, git_commit, versions


def describe(run: Run, seconds: float) -> dict[str, Any]:
    """The provenance of a chapter that has run for ``seconds`` in this process."""
    real = {
        name: f"{manifest.title}, from {manifest.file.name}" for name, manifest in real_cohorts(run).items()
    }
    return {
        "profile": run.profile.name,
        "run": run.name,
        "seed": run.profile.seed,
        "settings": settings(run.profile),
        **({"real_cohorts": real} if real else {}),
        "commit": git_commit(),
        "versions": {"python": platform.python_version(), **versions()},
        "device": device(),
        "seconds": round(seconds, 1),
        "peak_memory_gb": round(peak_memory() / 1e9, 2),
    }


def settings(profile: Profile) -> str:
    """Twelve letters that two profiles share if all their numbers and options are equal; the name, the seed
    and the number of processes, which changes no result, do not count.
    """
    content = asdict(profile)
    return digest({key: content[key] for key in content.keys() - {"name", "seed", "processes"}})[:12]


def device() -> str:
    """The accelerator's name, or the processor with the number of cores."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU ({platform.machine()}, {os.cpu_count()} cores)"


def peak_memory() -> int:
    """Bytes that this process, or the largest of its finished children, held at most."""
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return peak if sys.platform == "darwin" else peak * 1024


def footer_html(provenance: dict[str, Any]) -> str:
    """The footer of a page, as a list of terms."""
    commit = provenance["commit"].replace("+changes", ", with local changes")
    shown = {
        "Profile": f"{provenance['profile']} (run {provenance['run']})",
        "Seed": str(provenance["seed"]),
        "Commit": commit,
        "Run time": duration(provenance["seconds"]),
        "Device": provenance["device"],
        "Peak memory": f"{provenance['peak_memory_gb']:.1f} GB",
        "Versions": ", ".join(f"{name} {version}" for name, version in provenance["versions"].items()),
    }
    if "real_cohorts" in provenance:
        shown["Real cohorts"] = "; ".join(
            f"{name}: {source}" for name, source in provenance["real_cohorts"].items()
        )
    terms = "".join(f"<div><dt>{term}</dt><dd>{html.escape(text)}</dd></div>" for term, text in shown.items())
    return f'<div class="provenance" role="note" aria-label="How this page was made"><dl>{terms}</dl></div>'


def cohorts_html(real: dict[str, Manifest]) -> str:
    """What stands at the head of a page whose run has real cohorts: which they are, and what that changes."""
    named = "; ".join(
        f"<code>{name}</code> is {html.escape(manifest.title)}"
        + (" (restricted)" if manifest.restricted else "")
        for name, manifest in real.items()
    )
    return (
        '<div class="admonition note" data-content="aggregate"><p class="admonition-title">Real cohorts</p>'
        f"<p>In this run {named}. All other cohorts are simulated, and so is every single person shown. "
        "Where the page says that everything is simulated, this note holds instead. Nothing here is for "
        "clinical use.</p></div>"
    )
