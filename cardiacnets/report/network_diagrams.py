"""The study as diagrams: the two stages, and each network, with the sizes that a profile gives them.

Sizes are read from the profile and from the networks, which are built without memory for their weights.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from cardiacnets.contracts import DISEASES, LEADS, SUBTYPES
from cardiacnets.models import build
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.picture import Picture
from cardiacnets.profile import Diffusion, Profile
from cardiacnets.report.diagram import Arrow, Box, drawn
from cardiacnets.study import VIEW_TITLES

PRESSED = {"frames": "frame by frame", "patches": "components of blocks", "deforming": "a bent picture"}
"""What each autoencoder makes of a movie."""
VIEWED = {"beat": "a median beat", "rhythm": "the rhythm as recorded"}


def overview(profile: Profile) -> Picture:
    """Figure 1 of the study: encoders learn from pairs, and then the ECG goes on alone."""
    ecg, cines, video = profile.ecg_encoder, profile.cmr_autoencoder, profile.diffusion
    aligner = _built("aligner", profile)
    features = aligner.cmr_heads["sax"][0].normalized_shape[0]
    frames = f"{cines.frames} frames, {cines.pixels} × {cines.pixels} pixels"
    boxes = {
        "cine": Box(0, 0, "data", "Cine CMR", ("short axis, four-chamber", frames)),
        "cmr": Box(
            0, 1, "network", "CMR encoder", (f"{features} numbers a view", "learned first, then frozen")
        ),
        "ecg": Box(1, 0, "data", "ECG", (*_ecg_lines(profile), "of the same person")),
        "encoder": Box(1, 1, "network", "ECG encoder", (_tokens(aligner.encoder), f"{ecg.depth} blocks")),
        "loss": Box(
            1,
            2,
            "loss",
            "Alignment",
            (
                f"{profile.alignment.projection} numbers each",
                f"batches of {profile.aligning.batch} hearts",
                f"temperature {profile.alignment.temperature}",
            ),
        ),
        "alone": Box(2, 0, "data", "ECG alone", _ecg_lines(profile)),
        "aligned": Box(
            2, 1, "network", "Aligned ECG encoder", (_millions(aligner.encoder), "fine-tuned, or frozen")
        ),
        "tasks": Box(
            2,
            2,
            "answer",
            "Diseases and indices",
            (f"{len(DISEASES)} diseases, {len(SUBTYPES)} subtypes", f"{len(INDEX_NAMES)} indices"),
        ),
        "generator": Box(
            3, 1, "network", "Video diffusion", (f"{video.sampling_steps} steps from {_start(profile)}",)
        ),
        "movie": Box(
            3,
            2,
            "answer",
            "A movie of the heart",
            (f"{video.frames} frames", f"{video.pixels} × {video.pixels} pixels"),
        ),
    }
    arrows = [
        Arrow("cine", "cmr"),
        Arrow("ecg", "encoder"),
        Arrow("cmr", "loss"),
        Arrow("encoder", "loss"),
        Arrow("encoder", "aligned", "weights", dashed=True),
        Arrow("alone", "aligned"),
        Arrow("aligned", "tasks"),
        Arrow("aligned", "generator", "tokens, frozen"),
        Arrow("generator", "movie"),
    ]
    panels = {
        "First: pairs without labels": ("cine", "cmr", "ecg", "encoder", "loss"),
        "Then: from the ECG alone": ("alone", "aligned", "tasks", "generator", "movie"),
    }
    return drawn(
        boxes,
        arrows,
        panels,
        name="overview",
        caption=f"The two stages, at the sizes of the profile {profile.name}. First an ECG encoder learns "
        "from pairs to land where the CMR encoder puts the same heart; then it reads ECGs alone, for "
        "diseases, indices and a movie.",
        alt=_told("Two frames one above the other", boxes, arrows),
    )


def cmr_network(profile: Profile) -> Picture:
    """The masked autoencoder of both views, and, where the profile has one, the encoder by contrast."""
    sizes, network = profile.cmr_autoencoder, _built("cmr_autoencoder", profile)
    tower = network.towers["sax"]
    cells, side = tower.encoder.grid**2, tower.encoder.cell
    kept = max(1, int(cells * (1 - sizes.mask_ratio)))
    boxes, arrows, panels = {}, [], {}
    for row, view in ((0, "sax"), (2, "lax")):
        boxes |= {
            f"{view} cine": Box(
                row,
                0,
                "data",
                VIEW_TITLES[view].capitalize(),
                (f"{sizes.frames} frames as channels", f"{sizes.pixels} × {sizes.pixels} pixels"),
            ),
            f"{view} cells": Box(
                row,
                1,
                "data",
                "Masked cells",
                (f"{cells} of {side} × {side} pixels", f"{kept} seen, {cells - kept} hidden"),
            ),
            f"{view} swin": Box(
                row,
                2,
                "network",
                "Masked Swin",
                (
                    f"blocks {_chain(sizes.depths)}",
                    f"width {sizes.width} to {tower.encoder.width}",
                    _millions(tower.encoder),
                ),
            ),
            f"{view} decoder": Box(
                row,
                3,
                "network",
                "Decoder",
                (f"width {sizes.decoder_width}", f"{_many(sizes.decoder_depth, 'block')}"),
            ),
            f"{view} rebuilt": Box(row, 4, "loss", "Rebuilt cells", ("squared error", "where hidden")),
        }
        chain = [f"{view} {part}" for part in ("cine", "cells", "swin", "decoder", "rebuilt")]
        arrows += [*map(Arrow, chain, chain[1:]), Arrow(f"{view} swin", "contrast", "mean of what is seen")]
        panels[f"Tower of the view: {VIEW_TITLES[view]}"] = chain
    boxes["contrast"] = Box(
        1,
        2,
        "loss",
        "Two views, one heart",
        (f"InfoNCE in {sizes.projection} numbers", f"temperature {sizes.temperature}"),
    )
    said = ""
    if profile.cmr_encoder.kind == "contrast":
        beside = _contrast_boxes(profile)
        boxes |= beside
        arrows += [
            Arrow("one view", "components"),
            Arrow("one view", "network"),
            Arrow("network", "condensed"),
            Arrow("components", "features"),
            Arrow("condensed", "features"),
        ]
        panels["The encoder that later chapters read, each view"] = list(beside)
        said = (
            " Below, the encoder whose features later chapters read, trained by the contrast of whole cines."
        )
    return drawn(
        boxes,
        arrows,
        panels,
        name="diagram",
        caption=f"The masked autoencoder of cine CMR at the sizes of the profile {profile.name}: two towers "
        f"with weights of their own, three losses.{said}",
        alt=_told("Two rows of boxes with a loss between them", boxes, arrows),
    )


def _contrast_boxes(profile: Profile) -> dict[str, Box]:
    tower = _built("cine_contrast", profile).towers["sax"]
    encoder, sizes = tower.encoder, profile.cmr_encoder
    convolutions = sum(isinstance(part, nn.Conv2d) for part in encoder.modules())
    return {
        "one view": Box(4, 0, "data", "Cine of a view", (f"{encoder.frames} frames, nothing hidden",)),
        "components": Box(3, 2, "linear", "Components", (f"first {tower.linear.width} of the cine",)),
        "network": Box(
            4,
            1,
            "network",
            "Convolutions",
            (
                f"{convolutions} layers, width {encoder.width}",
                f"map of {encoder.grid} × {encoder.grid} cells",
            ),
        ),
        "condensed": Box(4, 2, "linear", "Components of the map", (f"first {sizes.condensed}",)),
        "features": Box(3, 3, "answer", "Features", (f"{tower.linear.width} + {sizes.condensed} numbers",)),
    }


def ecg_network(profile: Profile) -> Picture:
    """The ECG encoder and the contrast that aligns it."""
    ecg, aligner = profile.ecg_encoder, _built("aligner", profile)
    encoder, projection = aligner.encoder, profile.alignment.projection
    features = aligner.cmr_heads["sax"][0].normalized_shape[0]
    leads, times = encoder.grid
    pooled = "of the class token" if ecg.pooling == "cls" else "mean of all tokens"
    heads = "trained too" if profile.alignment.cmr_heads == "trained" else "never trained"
    started = "random weights" if profile.alignment.start == "random" else "a masked autoencoder"
    boxes = {
        "ecg": Box(0, 0, "data", "ECG", _ecg_lines(profile)),
        "patches": Box(
            0,
            1,
            "data",
            "Patches",
            (f"{leads} leads × {_many(times, 'patch', 'patches')}", f"of {ecg.patch} samples"),
        ),
        "blocks": Box(
            0,
            2,
            "network",
            "Transformer",
            (
                _tokens(encoder),
                f"{ecg.depth} blocks, {ecg.heads} heads",
                _millions(encoder),
                f"starts from {started}",
            ),
        ),
        "pooled": Box(0, 3, "answer", "Embedding", (f"{encoder.width} numbers", pooled)),
        "covariates": Box(
            1, 2, "data", "Covariates", ("scale and shift each token,", "in the arms that have them")
        ),
        "ecg head": Box(1, 3, "network", "ECG head", (f"{encoder.width} to {projection}",)),
        "loss": Box(
            2,
            3,
            "loss",
            "InfoNCE, both views",
            (f"batches of {profile.aligning.batch}", f"temperature {profile.alignment.temperature}"),
        ),
        "cmr heads": Box(2, 2, "network", "CMR heads", (f"{features} to {projection} a view", heads)),
        "cmr": Box(2, 1, "network", "CMR encoder", ("frozen", f"{features} numbers a view")),
        "cine": Box(2, 0, "data", "Cine of the same person", ("short axis, four-chamber",)),
    }
    arrows = [
        Arrow("ecg", "patches"),
        Arrow("patches", "blocks"),
        Arrow("blocks", "pooled"),
        Arrow("covariates", "blocks"),
        Arrow("pooled", "ecg head"),
        Arrow("ecg head", "loss"),
        Arrow("cine", "cmr"),
        Arrow("cmr", "cmr heads"),
        Arrow("cmr heads", "loss"),
    ]
    return drawn(
        boxes,
        arrows,
        {},
        name="diagram",
        caption=f"The ECG encoder and the contrast that aligns it, at the sizes of the profile "
        f"{profile.name}.",
        alt=_told("Boxes for the ECG above, for the cine below, which meet in a loss", boxes, arrows),
    )


def video_network(profile: Profile) -> Picture:
    """The generator of short-axis movies: how it learns above, how it draws below."""
    sizes, network = profile.diffusion, _built("diffusion", profile)
    # a clip's latents are what drawing starts from
    channels, frames, side, _ = network.latent_shape()
    latents = f"{channels} channels, {_many(frames, 'frame')}"
    clip = (f"{sizes.frames} frames", f"{sizes.pixels} × {sizes.pixels} pixels")
    kind = PRESSED[sizes.autoencoder]
    told = {"velocity": "velocity", "epsilon": "noise", "flow": "way from heart to noise"}[sizes.prediction]
    guided = f"guidance {sizes.guidance:g}" if sizes.guidance != 1 else "one pass a step"
    tokens = len(LEADS) * (profile.ecg_input.samples // profile.ecg_encoder.patch)
    boxes = {
        "cine": Box(0, 0, "data", "Real movie", clip),
        "press": Box(0, 1, "linear" if sizes.autoencoder == "patches" else "network", "Autoencoder", (kind,)),
        "latents": Box(
            0, 2, "data", "Latents and noise", (latents, f"{side} × {side}", f"{sizes.noise_steps} mixtures")
        ),
        "loss": Box(0, 3, "loss", "Squared error", (f"of the {told}",)),
        "ecg": Box(1, 0, "data", "ECG", _ecg_lines(profile)),
        "encoder": Box(
            1,
            1,
            "network",
            "Aligned ECG encoder",
            (
                f"frozen, {tokens} tokens × {profile.ecg_encoder.width}",
                f"hidden in {100 * sizes.condition_dropout:g} % of clips",
            ),
        ),
        "denoiser": Box(1, 2, "network", *_denoiser(sizes, network.network)),
        "start": Box(2, 1, "data", "Start", (_start(profile),)),
        "sampler": Box(
            2,
            2,
            "answer",
            "Steps back",
            (f"{sizes.sampling_steps}, {sizes.sampler.replace('_', ' ')}", guided),
        ),
        "movie": Box(2, 3, "answer", "Drawn movie", clip),
    }
    arrows = [
        Arrow("cine", "press"),
        Arrow("press", "latents"),
        Arrow("latents", "denoiser", "learning"),
        Arrow("denoiser", "loss"),
        Arrow("ecg", "encoder"),
        Arrow("encoder", "denoiser", "attention"),
        Arrow("start", "sampler"),
        Arrow("denoiser", "sampler", "drawing"),
        Arrow("sampler", "movie", "decoder"),
    ]
    if sizes.start == "mean_heart":
        arrows.append(Arrow("encoder", "start", "straight line"))
    return drawn(
        boxes,
        arrows,
        {},
        name="diagram",
        caption=f"The generator of short-axis movies at the sizes of the profile {profile.name}: a network "
        "that sees the ECG's tokens by cross-attention learns to undo noise, and undoes it step by step.",
        alt=_told("Three rows of boxes: learning, the network, drawing", boxes, arrows),
    )


def _built(kind: str, profile: Profile) -> nn.Module:
    with torch.device("meta"):
        return build(kind, profile)


def _ecg_lines(profile: Profile) -> tuple[str, ...]:
    ecg = profile.ecg_input
    return f"{len(LEADS)} leads × {ecg.samples} samples", f"{ecg.rate} Hz, {VIEWED[ecg.view]}"


def _tokens(encoder: nn.Module) -> str:
    return f"{encoder.grid[0] * encoder.grid[1]} tokens, width {encoder.width}"


def _denoiser(sizes: Diffusion, network: nn.Module) -> tuple[str, tuple[str, ...]]:
    """What a generator's denoising network is called, and its sizes."""
    count = _millions(network)
    if sizes.denoiser == "residual":
        blocks = _many(sizes.layers_per_block, "residual block")
        return "Denoiser", (blocks, f"channels {_chain(sizes.unet_channels)}", count)
    layers = f"{_many(sizes.layers_per_block, 'layer')} a block"
    return "Video U-Net", (f"channels {_chain(sizes.unet_channels)}", layers, count)


def _start(profile: Profile) -> str:
    return {"noise": "noise", "mean_heart": "the expected heart"}[profile.diffusion.start]


def _millions(network: nn.Module) -> str:
    """Weights of a network in words."""
    count = sum(weight.numel() for weight in network.parameters())
    return f"{count / 1e6:.3g} million weights" if count >= 1e5 else f"{count:,} weights"


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"


def _chain(sizes: Iterable[int]) -> str:
    return "–".join(map(str, sizes))


def _told(how: str, boxes: dict[str, Box], arrows: list[Arrow]) -> str:
    """The diagram in a sentence a box."""
    said = "; ".join(
        f"{box.title} ({', '.join(box.lines)})" if box.lines else box.title for box in boxes.values()
    )
    leads = ", ".join(f"{boxes[each.start].title} to {boxes[each.end].title}" for each in arrows)
    return f"{how}. Boxes: {said}. Arrows: {leads}."
