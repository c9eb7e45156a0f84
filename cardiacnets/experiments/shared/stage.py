"""Networks that chapters train, each declared once: what it is made from, which settings it reads, and the
:class:`Stage` that trains it.

Fitting, keeping, loading, the card, the fingerprint and ``python -m cardiacnets train`` follow from that
declaration. A network is trained by one process or by several (``accelerate launch``).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial, update_wrapper
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from torch import nn

from cardiacnets.experiments.shared.inputs import trained_on
from cardiacnets.profile import SECTIONS, Profile
from cardiacnets.reach import CHOSEN, code_of
from cardiacnets.run import CHAPTERS, Run, chapter_of
from cardiacnets.training import Given, Stage, fit, from_pretrained, save_checkpoint, this_process

DECLARED: dict[str, tuple[Network, tuple]] = {}
"""Networks by their folder below ``models/``: the declaration, and the choices that make it this one."""


@dataclass(eq=False)
class Network:
    """A network, declared by :func:`trained`. Called as the function that it decorates, it makes the
    :class:`Stage`, ready before the first step, from a run and the network's choices, such as an arm or a
    view.
    """

    stage: Callable[..., Stage | Given]
    place: str | Callable[..., str]
    """Its folder below ``models/``, with choices in braces; or a function of the choices."""
    needs: Sequence[str] | Callable[..., Sequence[str]]
    """The artefacts that it is made from, below the run's folder; or a function of the profile and the
    choices.
    """
    reads: Sequence[str]
    """Sections of the profile, or single settings, such as ``downstream.labels``; the seed always counts."""
    rows: Callable[..., Any] | None = None
    """A function of the choices: what it uses of :data:`cardiacnets.reach.ROWS`."""
    each: Sequence[tuple] = ((),)
    """The choices that the chapter makes, one network each."""
    prepare: Callable[[Run], object] | None = None
    """Makes those of its needs that belong to its own chapter."""
    under: Callable[[Profile], Profile] | None = None
    """Makes the profile that it is trained under, where that is not the run's own."""
    progress: bool = True
    """Whether a bar shows how far the fit is."""

    def __post_init__(self) -> None:
        update_wrapper(self, self.stage)
        for name in self.reads:
            _check_setting(name, self)
        for choices in self.each:
            chosen = self._chosen(None, *choices)
            place = f"models/{self._place(chosen)}"
            for need in () if callable(self.needs) else self.needs:
                _check_order(need.format(**chosen), place)
            other = DECLARED.setdefault(place.removeprefix("models/"), (self, choices))[0]
            if other is not self:
                raise ValueError(f"{place} is declared twice: by {_name(other)} and by {_name(self)}")

    def __call__(self, run: Run, *choices: Any, **named: Any) -> Stage | Given:
        return self.stage(run, *choices, **named)

    def __reduce__(self) -> str:
        return self.__qualname__  # a process that gets it finds it by its name

    def fit(self, run: Run, *choices: Any, **named: Any) -> Path:
        """Train the network, or find it trained from the same; its folder, with ``history.parquet``."""
        run = self._placed(run)
        chosen = self._chosen(run, *choices, **named)
        ingredients = self.ingredients(run, **chosen)

        def make(folder: Path) -> None:
            made = self.stage(run, **chosen)
            if isinstance(made, Given):
                save_checkpoint(made.model, folder, made.kind, run.profile, data=made.data)
            else:
                train(run, made, folder, run.unfinished(ingredients), self.progress)

        return fit_or_load(run, run.models / self._place(chosen), ingredients, make)

    def load(self, run: Run, *choices: Any, **named: Any) -> nn.Module:
        """The trained network in evaluation mode; ``ValueError`` naming the chapter that trains it where it
        is missing, and as :func:`cardiacnets.training.load_checkpoint` where it does not fit the profile.
        """
        run, place = self._placed(run), self._place(self._chosen(run, *choices, **named))
        return from_pretrained(run.require(run.models / place), run.profile)

    def ingredients(self, run: Run, *choices: Any, **named: Any) -> dict[str, Any]:
        """All that the trained network follows from; ``ValueError`` where something of it is not there."""
        run = self._placed(run)
        chosen = self._chosen(run, *choices, **named)
        needs = self.needs(run.profile, **chosen) if callable(self.needs) else self.needs
        places = [need.format(**chosen) for need in needs]
        return {
            "choices": chosen,
            "needs": {place: self._found(run, place, chosen) for place in places},
            "settings": {name: attrgetter(name)(run.profile) for name in ("seed", *self.reads)},
            "rows": self.rows(**chosen) if self.rows else None,
            "source": code_of(*self.code(run.profile)),
        }

    def _placed(self, run: Run) -> Run:
        """The run under the network's own profile; twice is once."""
        return run if self.under is None else replace(run, profile=self.under(run.profile))

    def _found(self, run: Run, need: str, chosen: Mapping[str, Any]) -> Path:
        """One of its needs; where its own chapter makes that too, an error names what is called before."""
        try:
            return run.require(run.root / need)
        except ValueError as error:
            chapter = chapter_of(f"models/{self._place(chosen)}")
            if self.prepare is None or chapter_of(need) != chapter:
                raise
            first = f"{self.prepare.__module__.rpartition('.')[2]}.{self.prepare.__name__}(run)"
            raise ValueError(f"{error} In code, call {first} first, as chapter {chapter[:2]} does.") from None

    def code(self, profile: Profile) -> tuple[Callable[..., Any], ...]:
        """Where its code begins: its stage, and what ``profile`` chooses for it."""
        return self, *chosen_code(profile, self.reads)

    def _chosen(self, run: Run | None, *choices: Any, **named: Any) -> dict[str, Any]:
        """The choices by their names, those left out as the function has them."""
        bound = inspect.signature(self.stage).bind(run, *choices, **named)
        bound.apply_defaults()
        return dict(list(bound.arguments.items())[1:])

    def _place(self, chosen: Mapping[str, Any]) -> str:
        return self.place(**chosen) if callable(self.place) else self.place.format(**chosen)


def trained(
    place: str | Callable[..., str], *, needs: Sequence[str] | Callable[..., Sequence[str]],
    reads: Sequence[str], **more: Any,
) -> Callable[[Callable[..., Stage | Given]], Network]:  # fmt: skip
    """Declare the network at ``place`` below ``models/``, whose stage the decorated function makes; the
    arguments are the fields of :class:`Network`.

    Raises ``ValueError`` for a place or a need that no chapter makes, a need that a later chapter makes, a
    setting that no profile has, and a place that has another network.
    """
    return partial(Network, place=place, needs=needs, reads=reads, **more)


def chosen_code(profile: Profile, sections: Iterable[str]) -> list[Callable[..., Any]]:
    """The rows of tables that settings of these sections choose, such as the ECG encoder: code that counts
    beside that of what reads them.
    """
    chosen = {each: table for each, table in CHOSEN.items() if each.partition(".")[0] in sections}
    return [
        getattr(import_module(module), table)[attrgetter(setting)(profile)]
        for setting, (module, table) in chosen.items()
    ]


def train(run: Run, stage: Stage, folder: Path, workspace: Path, progress: bool = True) -> None:
    """Fit the network of ``stage`` in place and write it to ``folder``, with ``history.parquet``: its losses
    by epoch.

    ``workspace`` keeps the state from which a killed fit goes on.
    """
    history = fit(stage, workspace, progress)
    if stage.finish is not None:
        stage.finish(stage.model)
    save_checkpoint(stage.model, folder, stage.kind, run.profile, data=trained_on(run), **stage.options)
    history.table().to_parquet(folder / "history.parquet")
    if stage.leave is not None:
        stage.leave(folder)


def fit_or_load(run: Run, path: Path, ingredients: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
    """:meth:`Run.fit_or_load` of what is trained: all processes train, the first one's folder is kept.

    No process can train without the others, so what the first finds at ``path`` the others find too.
    """
    here = this_process()
    if here.is_main_process:
        run.fit_or_load(path, ingredients, make)
    elif not run.holds(path, ingredients):
        with TemporaryDirectory() as folder:
            make(Path(folder))
    here.wait_for_everyone()
    return path


def history(run: Run, model: str) -> pd.DataFrame:
    """Losses by epoch of a trained model's folder."""
    return pd.read_parquet(run.require(run.models / model) / "history.parquet")


def _check_setting(name: str, network: Network) -> None:
    section, _, key = name.partition(".")
    if section not in SECTIONS:
        raise ValueError(f"{_name(network)} reads {name!r}: a profile has the sections {', '.join(SECTIONS)}")
    keys = [each.name for each in fields(SECTIONS[section])]
    if key and key not in keys:
        raise ValueError(f"{_name(network)} reads {name!r}: {section} has the keys {', '.join(keys)}")


def _check_order(need: str, place: str) -> None:
    """Refuse what nobody makes, or only a later chapter than the one that trains the network."""
    chapters, trainer = list(CHAPTERS), chapter_of(place)
    try:
        maker = chapter_of(need)
    except ValueError as error:
        raise ValueError(f"{place} needs {error}") from None
    if chapters.index(maker) > chapters.index(trainer):
        raise ValueError(f"{place} of chapter {trainer} needs {need}, which chapter {maker} makes later")


def _name(network: Network) -> str:
    return f"{network.__module__}.{network.__qualname__}"
