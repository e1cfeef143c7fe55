"""The dbt models as assets, their tests as checks. Built in one dbt call, in this process."""

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from orchestration.keys import CLEAN, MARTS, OWNERS, WAREHOUSE_POOL
from orchestration.market.benchmark_name import benchmark_name
from orchestration.packaged_lineage import values_by_mart
from orchestration.resources.dagster_resources import DataResource
from orchestration.resources.dbt import NodeResult
from orchestration.staleness import code_version, inputs_fingerprint

log = logging.getLogger("tieout")

FAILED = {"error", "fail", "runtime error"}


class Translator(DagsterDbtTranslator):
    """Names dbt's nodes as our layers do: a source under its own name, a model under its schema."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`<source>/<table>` for a source, `<schema>/<model>` for a model."""
        kind = "source_name" if dbt_resource_props["resource_type"] == "source" else "schema"
        layer = dbt_resource_props[kind]
        return dg.AssetKey([layer, dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """All models stand together, as one dbt call builds them."""
        return MARTS

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """With the clean columns that the values of a published table's columns come from."""
        metadata = super().get_metadata(dbt_resource_props)
        if dbt_resource_props["resource_type"] != "model" or dbt_resource_props["schema"] != MARTS:
            return metadata
        return {**metadata, "dagster/column_lineage": column_lineage_of(dbt_resource_props["name"])}

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """As all assets."""
        return OWNERS


def column_lineage_of(mart: str) -> dg.TableColumnLineage:
    """The clean columns whose values go into each column of a mart, as it is packaged."""
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(dg.AssetKey([CLEAN, table]), name) for table, name in sources]
            for column, sources in values_by_mart().get(mart, {}).items()
        }
    )


def dbt_models(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """All models of the project as one multi-asset."""

    manifest = _without_views(manifest)

    @dbt_assets(
        manifest=manifest, dagster_dbt_translator=Translator(), name="dbt_models", pool=WAREHOUSE_POOL
    )
    def models(
        context: dg.AssetExecutionContext, data: DataResource
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        log.info("building the marts")
        results = data.dbt.build(_variables(data))
        yield from _events(results, manifest, context.assets_def, data.dbt.row_counts())
        failed = [r for r in results if r.status in FAILED]
        if failed:
            raise dg.Failure(
                "\n".join(["dbt refused to build the marts:", *(_refusal(r) for r in failed)]),
                metadata={r.name: f"{r.status}: {r.message}" for r in failed},
                allow_retries=False,
            )

    return models


def _without_views(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The manifest with its views told as inlined queries: an asset is what has rows of its own.

    A model then stands in the graph below the tables that the views it reads are made of.
    """
    inlined = {
        key: {**node, "config": {**node["config"], "materialized": "ephemeral"}}
        for key, node in manifest["nodes"].items()
        if node["config"].get("materialized") == "view"
    }
    return {**manifest, "nodes": {**manifest["nodes"], **inlined}}


def _variables(data: DataResource) -> dict[str, Any]:
    settings = data.settings
    fingerprint = inputs_fingerprint(data.raw.manifest(), settings)
    return {
        "clean_dir": str(data.folder.clean),
        "features_dir": str(data.folder.features),
        "version_id": data.publisher.next_version(fingerprint),
        "fingerprint": fingerprint,
        "built_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code_version": code_version(),
        "risk_free_rate_annual": settings.risk_free_rate,
        "reporting_currency": settings.reporting_currency or "",
        "benchmark": benchmark_name(settings) or "",
    }


def _refusal(result: NodeResult) -> str:
    kind = result.resource_type if result.resource_type == "test" else f"the {result.resource_type}"
    return f"  {kind} {result.name}: {' '.join((result.message or result.status).split())}"


def _events(
    results: list[NodeResult],
    manifest: Mapping[str, Any],
    assets: dg.AssetsDefinition,
    row_counts: Mapping[str, int],
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """One materialisation per model, one check result per test that is attached to a model."""
    translator = Translator()
    checks = {spec.name: spec.asset_key for spec in assets.check_specs}
    for result in results:
        if result.resource_type == "model" and result.status == "success":
            node = manifest["nodes"][result.unique_id]
            if node["config"]["materialized"] == "ephemeral":
                continue
            rows = row_counts.get(f"{node['schema']}.{node['name']}")
            yield dg.MaterializeResult(
                asset_key=translator.get_asset_key(node),
                metadata={
                    "seconds": round(result.seconds, 3),
                    **({} if rows is None else {"dagster/row_count": rows}),
                },
            )
        elif result.name in checks:
            yield dg.AssetCheckResult(
                asset_key=checks[result.name],
                check_name=result.name,
                passed=result.status == "pass",
                severity=dg.AssetCheckSeverity.WARN
                if result.status == "warn"
                else dg.AssetCheckSeverity.ERROR,
                metadata={"failures": result.failures or 0},
            )
