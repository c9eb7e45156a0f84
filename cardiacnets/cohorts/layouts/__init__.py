"""How each real cohort lays out its files and tables, for simulated participants to be written so.

A layout has ``NAME`` (of its manifest), ``SITE`` (of the digital heart), ``date_recordings``,
``write_signals`` and ``write_tables``.
"""
