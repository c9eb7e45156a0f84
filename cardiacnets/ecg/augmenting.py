"""Random views of an ECG for training: crops, shifts, noise and gain, and (as published) flips.

``ecg (B, 12, T)``: each record draws its own view from an explicit generator; all leads of a record are
cropped, shifted, scaled and flipped together, and all is done in one call on the device of the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class EcgAugmentation:
    """How an ECG is varied; every ``*_probability`` in [0, 1] is per record, 0 switches its part off.

    Arguments:
        crop: least share of the time kept by a crop, in (0, 1]; the crop is stretched to the full length.
        shift: largest cyclic shift either way, as a share of the length.
        noise: standard deviation of white noise, in the unit of the input.
        gain: largest change of amplitude either way, as a share.
        time_flip_probability, sign_flip_probability: reversal in time and in sign. Off by default, since no
            heart beats backwards or upside down.
    """

    crop_probability: float = 0.5
    crop: float = 0.9
    shift_probability: float = 0.8
    shift: float = 0.02
    noise_probability: float = 0.8
    noise: float = 0.02
    gain_probability: float = 0.5
    gain: float = 0.1
    time_flip_probability: float = 0.0
    sign_flip_probability: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_probability") and not 0 <= value <= 1:
                raise ValueError(f"{field.name} {value}: a probability is needed")
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop {self.crop}: a share of the time within (0, 1] is needed")
        if min(self.shift, self.noise, self.gain) < 0:
            raise ValueError("shift, noise and gain must not be negative")

    @classmethod
    def named(cls, name: str) -> EcgAugmentation:
        """What ``augmentation`` of a profile's training stage means: ``corrected``, the defaults, or
        ``as_published``, the study's flips, p = .33 each, and its crop, which kept all there and half or more
        here.

        Raises ``ValueError`` for another name.
        """
        match name:
            case "corrected":
                return cls()
            case "as_published":
                return cls(
                    crop_probability=1, crop=0.5, shift_probability=0, noise_probability=0,
                    gain_probability=0, time_flip_probability=0.33, sign_flip_probability=0.33,
                )  # fmt: skip
        raise ValueError(f"unknown augmentation {name!r}: choose corrected or as_published")

    def __call__(self, ecg: Tensor, generator: torch.Generator) -> Tensor:
        """Return a random view of each record.

        Arguments:
            ecg: (B, 12, T) floating point, on any device.
            generator: the source of randomness; it may live on another device than ``ecg``.

        Returns a tensor of the same shape, type and device.
        """
        batch = ecg.shape[0]

        def chosen(probability: float) -> Tensor:
            draw = torch.rand(batch, generator=generator, device=generator.device)
            return (draw < probability).to(ecg.device)[:, None, None]  # (B, 1, 1)

        def uniform(low: float, high: float) -> Tensor:
            draw = torch.rand(batch, generator=generator, device=generator.device)
            return (low + (high - low) * draw).to(ecg.device, ecg.dtype)

        kept = torch.where(chosen(self.crop_probability)[:, 0, 0], uniform(self.crop, 1), 1)  # (B,)
        view = _crop_resize(ecg, kept, uniform(0, 1)) if self.crop_probability else ecg
        shift = (uniform(-self.shift, self.shift) * ecg.shape[-1]).round().long()
        view = _roll(view, shift * chosen(self.shift_probability)[:, 0, 0])
        gain = 1 + uniform(-self.gain, self.gain)[:, None, None] * chosen(self.gain_probability)
        noise = torch.randn(ecg.shape, generator=generator, device=generator.device).to(ecg.device, ecg.dtype)
        view = view * gain + self.noise * chosen(self.noise_probability) * noise
        view = torch.where(chosen(self.time_flip_probability), view.flip(-1), view)
        return torch.where(chosen(self.sign_flip_probability), -view, view)


def _crop_resize(ecg: Tensor, kept: Tensor, position: Tensor) -> Tensor:
    """The share ``kept (B,)`` of each record from ``position (B,)`` in [0, 1] on, at full length."""
    length = ecg.shape[-1]
    start = position * (1 - kept) * (length - 1)  # (B,)
    steps = torch.arange(length, device=ecg.device, dtype=ecg.dtype)
    times = start[:, None] + kept[:, None] * steps  # (B, T), samples
    low = times.floor().clamp(0, length - 1)
    weight = (times - low)[:, None]  # (B, 1, T)
    left = low.long()[:, None].expand_as(ecg)
    right = (left + 1).clamp(max=length - 1)
    return torch.lerp(ecg.gather(-1, left), ecg.gather(-1, right), weight.expand_as(ecg))


def _roll(ecg: Tensor, shift: Tensor) -> Tensor:
    """Each record shifted cyclically by its own ``shift (B,)`` samples, later for positive values."""
    length = ecg.shape[-1]
    source = (torch.arange(length, device=ecg.device) - shift[:, None]) % length  # (B, T)
    return ecg.gather(-1, source[:, None].expand_as(ecg))
