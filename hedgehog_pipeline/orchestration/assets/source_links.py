"""The link to its source that Dagster's UI shows with each asset.

All tables of a stage are made by one function, which tells nobody what a table is. So the link
leads to where the chosen model says it.
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

from hedgehog_pipeline.model.source_lines import SourceLine, declaration, definition


def linked(
    assets: AssetsDefinition, line_of: Callable[[AssetKey], SourceLine | None], url: str | None
) -> AssetsDefinition:
    """Give the assets with links to their source.

    Args:
        assets: of one function.
        line_of: finds the line that says what an asset is, None where there is none.
        url: of the folder that holds the model's outermost package, in the web view of its
            repository. Without it the links name files of this machine, which the UI opens in an
            editor.
    """

    def with_link(spec: AssetSpec) -> AssetSpec:
        line = line_of(spec.key)
        if line is None:
            return spec
        references = CodeReferencesMetadataValue(code_references=[_reference(line, url)])
        return spec.merge_attributes(metadata={"dagster/code_references": references})

    return assets.map_asset_specs(with_link)


def line_of_table(key: AssetKey) -> SourceLine | None:
    """Find what an asset of the stages is.

    That is the declaration of a table of the shop or of the warehouse, and the function that
    makes a table of the star.
    """
    layer, table = key.path
    if layer == "oltp":
        return declaration("shop", table)
    if layer == "star" and (found := definition("dimensions", table) or definition("facts", table)):
        return found
    return declaration("star", table)


def _reference(line: SourceLine, url: str | None) -> LocalFileCodeReference | UrlCodeReference:
    if url is None:
        return LocalFileCodeReference(file_path=str(line.file), line_number=line.line)
    mark = f"#L{line.line}" if line.line else ""
    return UrlCodeReference(url=f"{url.rstrip('/')}/{line.path}{mark}")
