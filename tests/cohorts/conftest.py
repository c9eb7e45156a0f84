"""Imports that are killed."""

from collections.abc import Callable

import pytest

from cardiacnets.cohorts import importing


@pytest.fixture
def killed_at_the_third_shard(monkeypatch) -> Callable[[Callable[[], object]], list[int]]:
    """Run an import that is killed when it comes to its third shard: the first rows of those it came to."""

    def run(start: Callable[[], object]) -> list[int]:
        seen: list[int] = []

        def read(shard: range, *others: object) -> None:
            seen.append(shard.start)
            if len(seen) == 3:
                raise KeyboardInterrupt
            whole(shard, *others)

        whole = importing._read_shard
        monkeypatch.setattr(importing, "_read_shard", read)
        with pytest.raises(KeyboardInterrupt):
            start()
        monkeypatch.setattr(importing, "_read_shard", whole)
        return seen

    return run
