"""Find the transforms of the chosen model: for each star table, the function of its name."""

from collections.abc import Callable, Iterable
from inspect import Parameter, signature

import pandas as pd

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.registry import module, module_name
from hedgehog_pipeline.model.tables import StarTable

Transform = Callable[..., pd.DataFrame]

_POSITIONAL = {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD}


def transforms_of(tables: Iterable[StarTable]) -> dict[str, Transform]:
    """Find the function of each table in the model's modules `dimensions` and `facts`.

    Raises:
        HedgehogError: if one is missing, or does not take one frame for each input.
    """
    modules = [module("dimensions"), module("facts")]
    found: dict[str, Transform] = {}
    errors: list[str] = []
    for table in tables:
        function = next((f for m in modules if (f := getattr(m, table.name, None))), None)
        frames = table.inputs if table.as_of else ("rows",)
        if function is None:
            errors.append(f"there is no function {table.name}")
        elif _count_frames(function) != len(frames):
            given = "joined" if table.as_of else "passed one at a time"
            errors.append(
                f"the function {table.name} must take {len(frames)} data frame(s), because its "
                f"inputs are {given}, but takes {_count_frames(function)}"
            )
        else:
            found[table.name] = function
    if errors:
        raise HedgehogError(
            f"The functions in {module_name('dimensions')} and {module_name('facts')} do not fit "
            f"the star: {'; '.join(errors)}. docs/your-own-shop.md says what they take and return."
        )
    return found


def _count_frames(function: Transform) -> int:
    """Count the positional parameters without a default."""
    return sum(
        parameter.kind in _POSITIONAL and parameter.default is Parameter.empty
        for parameter in signature(function).parameters.values()
    )
