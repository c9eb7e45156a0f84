"""The pictures of chapter 00: simulated hearts, the flow into a cohort, and how much can be known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure

from cardiacnets.cohorts.flow import Flow, draw_flow
from cardiacnets.cohorts.store import Cohort
from cardiacnets.digital_heart.portraits import plot_portraits, plot_published, plot_twelve_leads
from cardiacnets.digital_heart.teaching import Heart
from cardiacnets.ecg import plot_ecg
from cardiacnets.judges import seen_heart
from cardiacnets.phenotypes import INDEX_NAMES, PHENOTYPES, axis_label
from cardiacnets.picture import Picture
from cardiacnets.theme import BLUE, FAINT, INK, ORANGE, SKY, VERMILION

BUDGET = {
    "bound": ("linear bound, true index", INK),
    "oracle_true": ("oracle, true index", SKY),
    "oracle_recorded": ("oracle, recorded index", BLUE),
    "covariates_recorded": ("covariates alone, recorded index", FAINT),
}


def conditions(hearts: Mapping[str, Heart]) -> Picture:
    """One participant in every condition: views, volumes and beats."""
    return Picture(
        plot_portraits(hearts),
        "conditions",
        "One participant healthy and with each disease at severity 0.8: short axis and four-chamber view "
        "at end-diastole and end-systole; volumes of the ventricles and atria over one beat (right heart "
        "dashed; time from the R wave, s); the noise-free beat in leads I, aVF, V1 and V5, a square 200 ms "
        "by 0.5 mV. Healthy in grey.",
        "Nine rows, one a condition, each with four grey heart images, two line charts of chamber volumes "
        "and four ECG leads beside the healthy ones.",
        "simulated",
    )


def twelve_leads(hearts: Mapping[str, Heart]) -> Picture:
    """The beats of the same hearts in every lead."""
    return Picture(
        plot_twelve_leads(hearts),
        "twelve-leads",
        "The same nine hearts in twelve leads, without noise. One square is 200 ms by 0.5 mV.",
        "Grid of ECG beats: nine rows for conditions, twelve columns for leads.",
        "simulated",
    )


def recorded_ecg(heart: Heart, name: str) -> Picture:
    """The ten seconds that the electrodes record of a heart."""
    return Picture(
        plot_ecg(heart.ecg, title=f"Simulated: {name}"),
        f"ecg-{name.split()[-1]}",
        f"The recorded ECG, {name}: ten seconds with noise on standard paper, 25 mm/s and 10 mm/mV.",
        f"Twelve-lead electrocardiogram on millimetre paper, simulated, {name}.",
        "simulated",
    )


def look_alikes(hearts: Mapping[str, Heart]) -> Picture:
    """Healthy hearts whose ECG looks ill."""
    return Picture(
        plot_twelve_leads(hearts),
        "look-alikes",
        "The healthy participant with left or right bundle-branch block, atrial fibrillation, or a "
        "pacemaker: beats without noise and without the pacing spike. One square is 200 ms by 0.5 mV.",
        "Grid of ECG beats: four rows for rhythm and conduction disorders, twelve columns for leads.",
        "simulated",
    )


def flows(
    flows: Mapping[str, Flow], titles: Mapping[str, str], least: Mapping[str, int]
) -> Iterator[Picture]:
    """Who came into each real cohort; counts under its ``least`` are not shown."""
    for name, flow in flows.items():
        yield Picture(
            draw_flow(flow, titles[name], least[name]),
            f"flow-{name}",
            f"Flow of participants into the cohort {name}: who was recorded, who is out and why, who is "
            "left.",
            f"Flow chart of the cohort {name} from top to bottom; those left in boxes, those taken out "
            "with the reason to the right.",
        )


def published(cohort: Cohort, targets: pd.DataFrame) -> Picture:
    """Recorded indices of the healthy, by sex, under the published normal curves of the target table."""
    surface = np.sqrt(cohort.recordings["height"] * cohort.recordings["weight"] / 3600)  # m2, Mosteller
    names = {
        "LV EDV, ml": "lv_edv", "LV EF, %": "lv_ef", "RV EDV, ml": "rv_edv", "LA max, ml": "la_max",
        "LV mass index, g/m2": "lv_mass",
    }  # fmt: skip
    values = {shown: cohort.indices[:, INDEX_NAMES.index(name)] for shown, name in names.items()}
    recorded = pd.DataFrame(values).assign(sex=cohort.recordings["sex"].to_numpy())
    recorded["LV mass index, g/m2"] /= surface.to_numpy()
    well = cohort.recordings["healthy"].to_numpy()
    return Picture(
        plot_published(recorded[well], targets),
        "published",
        f"Recorded indices of the {well.sum()} healthy participants of this run as histograms, by sex, "
        "under normal curves with the published mean and spread.",
        "Five charts, each with histograms of women and men under two normal curves.",
    )


def shifts(cohort: Cohort) -> Picture:
    """How far cardiomyopathy moves recorded indices of the left ventricle."""
    names = ("lv_edv", "lv_ef", "lv_mass")
    figure = Figure(figsize=(10, 3))
    groups = {"healthy": ("healthy", FAINT), "cm": ("cardiomyopathy", VERMILION)}
    for axis, name in zip(figure.subplots(1, len(names)), names, strict=True):
        values = cohort.indices[:, INDEX_NAMES.index(name)]
        table = pd.concat(
            pd.DataFrame({"group": title, "value": values[cohort.recordings[group].to_numpy()]})
            for group, (title, _) in groups.items()
        )
        seaborn.histplot(
            table, x="value", hue="group", palette=dict(groups.values()), stat="density", common_norm=False,
            bins=30, element="step", ax=axis, legend=name == names[0],
        )  # fmt: skip
        axis.set(xlabel=axis_label(name), ylabel="", yticks=[])
        if name == names[0]:
            axis.get_legend().set_title("")
    return Picture(
        figure,
        "distributions",
        "Recorded end-diastolic volume, ejection fraction and mass of the left ventricle: healthy "
        "participants and those with cardiomyopathy, each as a share of its own group.",
        "Three pairs of overlapping histograms of left ventricular volume, ejection fraction and mass.",
        "simulated",
    )


def budget(table: pd.DataFrame) -> Picture:
    """For each index the linear bound, what the oracle and what covariates reach; by family of indices."""
    figure = Figure(figsize=(9, 3.6))
    axis = figure.subplots()
    groups = PHENOTYPES["group"].to_numpy()
    starts = np.flatnonzero(groups != np.roll(groups, 1))
    for column, (title, colour) in BUDGET.items():
        values = table[column].to_numpy()
        seaborn.lineplot(
            x=np.arange(len(values)), y=values, marker="o", markersize=4, linewidth=0.6, color=colour,
            label=title, ax=axis,
        )  # fmt: skip
    middles = [(start + end - 1) / 2 for start, end in zip(starts, [*starts[1:], len(groups)], strict=True)]
    axis.set(xticks=middles, ylabel="correlation", xlabel="")
    axis.set_xticklabels(groups[starts], rotation=25, ha="right")
    axis.grid(False, axis="x")
    for start in starts[1:]:
        axis.axvline(start - 0.5, color=FAINT, linewidth=0.8)
    seaborn.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1), ncols=2, title="")
    return Picture(
        figure,
        "budget",
        "For each of the 82 indices, by family: the linear-Gaussian bound, what the oracle reaches "
        "against the true index and against the recorded one, and what covariates alone reach. The bound "
        "counts only what is linear in the simulation's causes, so that the oracle can stand above it.",
        "Four dotted lines of correlation over the 82 indices, grouped by family: the bound, the oracle "
        "against the true and against the recorded index, and covariates alone.",
        "simulated",
    )


def judge_outlines(seen: Mapping[str, np.ndarray]) -> Picture:
    """The first five people at both moments, with the outlines that the simulation meant and the judge's."""
    colours = {"muscle": ORANGE, "rv": SKY, "lv": VERMILION}  # the cavity last: its edge is the wall's
    figure = Figure(figsize=(10, 4.2))
    axes = figure.subplots(2, 5)
    for line, moment, title in zip(axes, range(2), ("end-diastole", "end-systole"), strict=True):
        for person, axis in enumerate(line):
            frame = seen["frames"][person, moment]
            axis.imshow(frame, cmap="gray", vmin=0, vmax=255)
            for part, colour in colours.items():
                for name, style in (("truth", "dotted"), ("labels", "solid")):
                    drawn = seen[name][person, moment] == seen_heart.PARTS[part]
                    if drawn.any():
                        at = (np.arange(len(drawn)) + 0.5) * len(frame) / len(drawn) - 0.5
                        axis.contour(at, at, drawn, [0.5], colors=colour, linestyles=style, linewidths=1.2)
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
        line[0].set_ylabel(title)
    return Picture(
        figure,
        "judge-outlines",
        "Simulated short axes of five people at end-diastole and end-systole: true outlines dotted, the "
        "judge's solid; left ventricle red, muscle orange, right ventricle blue.",
        "Two rows of five grey heart images; on each, dotted and solid outlines of both ventricles and of "
        "the muscle.",
        "simulated",
    )


def judge_ejection(seen: Mapping[str, np.ndarray]) -> Picture:
    """The judge's fractional area change against the true ejection fraction, one point a person."""
    labels = seen["labels"]
    areas = seen_heart.area(labels.reshape(-1, *labels.shape[2:]), "lv").reshape(labels.shape[:2])
    figure = Figure(figsize=(5, 3.6))
    axis = figure.subplots()
    seaborn.regplot(
        x=seen["ef"], y=seen_heart.area_change(areas), ax=axis, color=BLUE, scatter_kws={"s": 22},
        line_kws={"linewidth": 1.5}, seed=0,
    )  # fmt: skip
    axis.set(xlabel="true ejection fraction, %", ylabel="area change, judge, %")
    return Picture(
        figure,
        "judge-ejection",
        "Fractional change of the judge's left ventricular area between the two moments, against the true "
        "ejection fraction of the simulated volume; line and 95 % band of a linear regression.",
        "Scatter plot of fractional area change against ejection fraction with a regression line.",
        "simulated",
    )
