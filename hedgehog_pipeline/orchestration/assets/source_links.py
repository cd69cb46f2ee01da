"""The source code links that Dagster's UI shows with each asset.

One function makes all tables of a stage, and does not say what a table is. So the link leads to the
line of the chosen model that declares the table.
"""

from collections.abc import Callable

from dagster import (
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    CodeReferencesMetadataValue,
    LocalFileCodeReference,
    UrlCodeReference,
)

from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.model.source_lines import SourceLine, declaration, definition


def linked(
    assets: AssetsDefinition, line_of: Callable[[AssetKey], SourceLine | None], url: str | None
) -> AssetsDefinition:
    """Return the assets with links to their source code.

    Args:
        assets: of one function.
        line_of: returns the line that defines an asset, None if there is none.
        url: of the folder that holds the model's outermost package, in the web view of its
            repository. None: the links name files of this machine, which the UI opens in an
            editor.
    """

    def with_link(spec: AssetSpec) -> AssetSpec:
        line = line_of(spec.key)
        if line is None:
            return spec
        references = CodeReferencesMetadataValue(code_references=[_reference(line, url)])
        return spec.merge_attributes(metadata={"dagster/code_references": references})

    return assets.map_asset_specs(with_link)


def line_of_table(model: Model, key: AssetKey) -> SourceLine | None:
    """Return the line that defines an asset of the stages.

    That is the declaration of a source or warehouse table, and the function that transforms a star
    table.
    """
    layer, table = key.path
    if layer == "star":
        for module in ("dimensions", "facts"):
            if found := definition(model.module_name(module), table):
                return found
    return declaration(model.module_name("shop" if layer == "oltp" else "star"), table)


def _reference(line: SourceLine, url: str | None) -> LocalFileCodeReference | UrlCodeReference:
    if url is None:
        return LocalFileCodeReference(file_path=str(line.file), line_number=line.line)
    mark = f"#L{line.line}" if line.line else ""
    return UrlCodeReference(url=f"{url.rstrip('/')}/{line.path}{mark}")
