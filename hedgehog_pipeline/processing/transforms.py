"""The functions of the chosen model that shape the star: one for each table, named after it."""

from collections.abc import Callable, Iterable
from inspect import Parameter, signature

import pandas as pd

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.registry import module, module_name
from hedgehog_pipeline.model.tables import StarTable

Transform = Callable[..., pd.DataFrame]

_PLACED = {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD}


def transforms_of(tables: Iterable[StarTable]) -> dict[str, Transform]:
    """Find the function of each table in the modules `dimensions` and `facts` of the model.

    Raises:
        HedgehogError: where one is missing, or takes other frames than the table's inputs.
    """
    modules = [module("dimensions"), module("facts")]
    found: dict[str, Transform] = {}
    faults: list[str] = []
    for table in tables:
        function = next((f for m in modules if (f := getattr(m, table.name, None))), None)
        frames = table.inputs if table.as_of else ("rows",)
        if function is None:
            faults.append(f"{table.name} has no function of its name")
        elif _placed(function) != len(frames):
            faults.append(
                f"the function {table.name} has to take {len(frames)} frames, as its inputs are "
                f"{'joined' if table.as_of else 'handed over one at a time'}, and takes "
                f"{_placed(function)}"
            )
        else:
            found[table.name] = function
    if faults:
        raise HedgehogError(
            f"The functions in {module_name('dimensions')} and {module_name('facts')} do not fit "
            f"the star: {'; '.join(faults)}. docs/your-own-shop.md says what they take and give."
        )
    return found


def _placed(function: Transform) -> int:
    """Count the parameters that are given by place and have no default."""
    return sum(
        parameter.kind in _PLACED and parameter.default is Parameter.empty
        for parameter in signature(function).parameters.values()
    )
