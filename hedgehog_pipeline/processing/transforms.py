"""Find the transforms of a model: for each star table, the function of its name."""

from collections.abc import Mapping
from functools import cache
from inspect import Parameter, signature

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.processing.transform import Function, Transform

_POSITIONAL = {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD}


@cache
def transforms_of(model: Model) -> Mapping[str, Transform]:
    """Find the function of each star table in the model's modules `dimensions` and `facts`.

    Raises:
        HedgehogError: if one is missing, or does not take one frame for each input.
    """
    modules = [model.module("dimensions"), model.module("facts")]
    found: dict[str, Transform] = {}
    errors: list[str] = []
    for table in model.star.values():
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
            found[table.name] = Transform(table, function)
    if errors:
        raise HedgehogError(
            f"The functions in {model.module_name('dimensions')} and {model.module_name('facts')} "
            f"do not fit the star: {'; '.join(errors)}. docs/your-own-shop.md says what they take "
            "and return."
        )
    return found


def _count_frames(function: Function) -> int:
    """Count the positional parameters without a default."""
    return sum(
        parameter.kind in _POSITIONAL and parameter.default is Parameter.empty
        for parameter in signature(function).parameters.values()
    )
