"""A reader study that people can conduct: a folder that opens in any browser, and the way back from its
answers.

:func:`make_kit` writes pictures, films and a page of plain HTML, CSS and JavaScript that asks nothing of a
network; the truth goes into a key outside that folder. :func:`read_answers` joins the readers' files with
the key.
"""

from cardiacnets.experiments.reader_study.reader_kit.answers import read_answers, read_origins
from cardiacnets.experiments.reader_study.reader_kit.design import ORDERS
from cardiacnets.experiments.reader_study.reader_kit.folder import Kit, Plan, make_kit, simulated_cases

__all__ = ["ORDERS", "Kit", "Plan", "make_kit", "read_answers", "read_origins", "simulated_cases"]
