"""The mutation operators: those of cosmic-ray, and one for SQL."""

import re
from collections.abc import Iterator
from typing import Any

import parso.python.tree
from cosmic_ray.operators import binary_operator_replacement as binary
from cosmic_ray.operators import boolean_replacer as boolean
from cosmic_ray.operators import comparison_operator_replacement as comparison
from cosmic_ray.operators.break_continue import ReplaceBreakWithContinue, ReplaceContinueWithBreak
from cosmic_ray.operators.number_replacer import NumberReplacer
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.zero_iteration_for_loop import ZeroIterationForLoop

_COMPARISONS = (
    *("Eq_NotEq", "NotEq_Eq", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt"),
    *("Is_IsNot", "IsNot_Is"),
)
_BINARIES = ("Add_Sub", "Sub_Add", "Mul_FloorDiv", "FloorDiv_Mul", "BitAnd_BitOr", "Mod_Mul")

_IN_SQL = {
    r" < ": " <= ",
    r" <= ": " < ",
    r" > ": " >= ",
    r" >= ": " > ",
    r" = ": " <> ",
    r" and ": " or ",
    r" or ": " and ",
    r" \+ ": " - ",
    r" - ": " + ",
    r" & ": " | ",
    r"\bnot exists\b": "exists",
    r"\bnot \{": "{",
    r"\bmax\(": "min(",
    r"\bmin\(": "max(",
    r"\btrue\b": "false",
    r"\bfalse\b": "true",
    r" desc\b": "",
    r"\bdistinct ": "",
    r"\bgreatest\(": "least(",
}
_STATEMENT = re.compile(r"\W*(select|insert|update|delete|with|create)\b", re.IGNORECASE)


class ReplaceInSql(Operator):
    """Replaces an operator or function in the text of an SQL query."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Yield one position for each match of a pattern in SQL."""
        if isinstance(node, parso.python.tree.String) and _is_sql(node):
            for _ in _changes(node.value):
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Return the node with the mutation of that index."""
        return parso.python.tree.String(
            list(_changes(node.value))[index], node.start_pos, node.prefix
        )

    @classmethod
    def examples(cls) -> tuple[()]:
        """Return no examples."""
        return ()


def _changes(text: str) -> Iterator[str]:
    for pattern, other in _IN_SQL.items():
        for found in re.finditer(pattern, text):
            yield text[: found.start()] + other + text[found.end() :]


def _is_sql(node: Any) -> bool:
    """Return whether a string is SQL: the argument of `sql.SQL`, or a statement."""
    at, before = node.parent, ""
    while at is not None and at.type in {"strings", "arglist", "trailer", "atom"}:
        at = at.parent
    if at is not None and at.type == "atom_expr":
        before = at.get_code(include_prefix=False)
    return before.startswith("sql.SQL(") or _STATEMENT.match(node.value) is not None


OPERATORS: tuple[Operator, ...] = (
    ReplaceInSql(),
    *(getattr(comparison, f"ReplaceComparisonOperator_{name}")() for name in _COMPARISONS),
    *(getattr(binary, f"ReplaceBinaryOperator_{name}")() for name in _BINARIES),
    boolean.AddNot(),
    boolean.ReplaceTrueWithFalse(),
    boolean.ReplaceFalseWithTrue(),
    boolean.ReplaceAndWithOr(),
    boolean.ReplaceOrWithAnd(),
    NumberReplacer(),
    ReplaceBreakWithContinue(),
    ReplaceContinueWithBreak(),
    ZeroIterationForLoop(),
)
