"""Weights that a profile names, of others or our own: where they lie, and whether they are there before
training.

Our own ship with the library, in ``weights/<name>``: trained on simulated hearts by ``python -m cardiacnets
weights``.
"""

from __future__ import annotations

from pathlib import Path

from cardiacnets.profile import Profile

SHIPPED = Path(__file__).parent / "weights"
NAMED = {"pretrained_vae": "vae", "pretrained_unet": "unet"}
"""Keys of the section ``diffusion`` that name weights, and the part of a pipeline that each is."""


def require_weights(profile: Profile) -> None:
    """``ValueError`` in one line for the first weights that ``profile`` names and nobody has.

    Nothing is asked of profiles that train everything themselves, as those for simulated cohorts do.
    """
    for key, part in NAMED.items():
        if name := getattr(profile.diffusion, key):
            try:
                subfolder(name, part)
            except ValueError as error:
                raise ValueError(f"profile {profile.name}: diffusion.{key}: {error}") from None


def named_folder(name: str) -> Path:
    """The folder that ``name`` stands for: of weights that ship with the library, or of the user's own."""
    own = SHIPPED / name
    return own if own.is_dir() else Path(name)


def subfolder(name: str, part: str) -> str:
    """Where in the folder or hub repository ``name`` a pipeline's ``part`` lies: there, or in a folder of its
    name; only its ``config.json`` is fetched. ``ValueError`` says where it was looked for.
    """
    places = ("", part)
    if (folder := named_folder(name)).is_dir():
        found = [place for place in places if (folder / place / "config.json").is_file()]
        looked = f"no config.json in {folder} or in {folder / part}"
    else:
        found, looked = _in_hub(name, places)
    if not found:
        way_out = "name a folder that holds it, or train your own (leave the key empty)"
        raise ValueError(f"no weights {name!r}: {looked}; {way_out}")
    return found[0]


def _in_hub(name: str, places: tuple[str, ...]) -> tuple[list[str], str]:
    """The first of ``places`` with a ``config.json``, in this machine's cache of the hub or in the hub."""
    from huggingface_hub import hf_hub_download  # most profiles name nothing there

    reason = ""
    for place in places:
        try:
            hf_hub_download(name, "config.json", subfolder=place or None)
        except Exception as error:  # no such name, no network, no permission: all mean that it is not here
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        else:
            return [place], ""
    return [], f"no such folder, and the hub's cache and the hub do not give it ({reason[:160]})"
