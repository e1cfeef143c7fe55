"""The manifests for Kubernetes: valid, without rights or secrets, and a run whose step is such a pod."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from config.settings import NO_STATISTICS, Settings, load_settings
from orchestration.defs.market.automation import update_requests
from orchestration.market.plan import Plan
from orchestration.market.work import MarketData
from tests.fakes.vendors import settings, vendor_server
from tests.support.command import ROOT, environment
from tests.support.market_job import update_observations

kubernetes = pytest.importorskip("kubernetes", reason="dagster-k8s is not here; `make test-scale` has it")
kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="`make test-scale` has it")

FOLDER = ROOT / "deploy" / "kubernetes"
NAMESPACE = "tieout"
SECRET = NAMESPACE
VERSIONS = ("1.32", "1.37")
"""Of Kubernetes: the oldest and the newest whose schemas there are."""

MANIFESTS = [
    (f"{path.name}:{document['kind']}/{document['metadata']['name']}", document)
    for path in sorted(FOLDER.glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """The manifests of a kind, by name."""
    return {one["metadata"]["name"]: one for _, one in MANIFESTS if one["kind"] == kind}


def held_by(config_map: str, key: str) -> str:
    """A file or variable of a ConfigMap."""
    return str(of_kind("ConfigMap")[config_map]["data"][key])


@pytest.mark.parametrize("manifest", [one for _, one in MANIFESTS], ids=[name for name, _ in MANIFESTS])
def test_a_manifest_is_valid(manifest: dict[str, Any]) -> None:
    for version in VERSIONS:
        kubernetes_validate.validate(manifest, version, strict=True)
    assert manifest["kind"] == "Namespace" or manifest["metadata"]["namespace"] == NAMESPACE


def faults(spec: dict[str, Any]) -> Iterator[str]:
    """What a pod has that it must not have, or lacks."""
    who = spec.get("securityContext", {})
    if not who.get("runAsNonRoot") or who.get("runAsUser", 0) < 1000:
        yield "it may be root"
    if who.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "no seccomp profile"
    if {"hostNetwork", "hostPID", "hostIPC"} & {name for name, value in spec.items() if value}:
        yield "it shares the machine's namespaces"
    if any({"hostPath", "nfs"} & volume.keys() for volume in spec.get("volumes", [])):
        yield "it mounts a folder of the machine"
    if any(not v["emptyDir"].get("sizeLimit") for v in spec.get("volumes", []) if "emptyDir" in v):
        yield "a volume may grow without end"
    for container in spec["containers"]:
        rights = container.get("securityContext", {})
        if rights.get("allowPrivilegeEscalation") is not False or rights.get("privileged"):
            yield "it may gain rights"
        if rights.get("capabilities") != {"drop": ["ALL"]}:
            yield "it keeps capabilities"
        if not rights.get("readOnlyRootFilesystem"):
            yield "its root can be written"
        resources = container.get("resources", {})
        if not all({"cpu", "memory"} <= resources.get(name, {}).keys() for name in ("requests", "limits")):
            yield "its resources have no limits"
        if container["image"].rpartition(":")[2] != "0.1.0":
            yield f"its image {container['image']} has no version"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield "it listens on the machine"
        if {"secretRef": {"name": SECRET}} not in container.get("envFrom", []):
            yield "it is not given the secrets by reference"


PODS = {name: one["spec"]["template"]["spec"] for name, one in of_kind("Deployment").items()}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_no_rights_that_it_does_not_need(name: str) -> None:
    assert list(faults(PODS[name])) == []
    assert PODS[name]["automountServiceAccountToken"] is (name != "code-server"), "who starts pods"


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("securityContext", "runAsUser"), 0, "it may be root"),
        (("hostNetwork",), True, "it shares the machine's namespaces"),
        (("containers", 0, "securityContext", "readOnlyRootFilesystem"), False, "its root can be written"),
        (("containers", 0, "resources", "limits"), {"cpu": "1"}, "its resources have no limits"),
        (("containers", 0, "image"), "tieout:latest", "its image tieout:latest has no version"),
        (("containers", 0, "envFrom"), [], "it is not given the secrets by reference"),
    ],
)
def test_a_fault_is_found(path: tuple[Any, ...], value: object, told: str) -> None:
    spec = copy.deepcopy(PODS["daemon"])
    place = spec
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert list(faults(spec)) == [told]


def test_nothing_is_published_and_no_secret_is_written() -> None:
    assert {one["spec"].get("type") for one in of_kind("Service").values()} == {"ClusterIP"}
    assert of_kind("NetworkPolicy")["nothing-comes-in"]["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress"],
    }
    assert {one["kind"] for _, one in MANIFESTS}.isdisjoint({"Secret", "Ingress", "Gateway", "HTTPRoute"})
    secrets = [str(name) for name, one in Settings.model_fields.items() if "SecretStr" in str(one.annotation)]
    written = set(of_kind("ConfigMap")["tieout-settings"]["data"])
    assert written.isdisjoint({str(Settings.model_fields[name].validation_alias) for name in secrets})
    assert not [name for name in written if "SECRET" in name or "DATABASE_URL" in name]


def test_what_pods_name_is_there() -> None:
    maps, secrets = of_kind("ConfigMap"), {SECRET}
    for spec in PODS.values():
        for container in spec["containers"]:
            for source in container["envFrom"]:
                assert source.get("configMapRef", {"name": "tieout-plan"})["name"] in maps
                assert source.get("secretRef", {"name": SECRET})["name"] in secrets
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted == {volume["name"] for volume in spec["volumes"]}
        assert {v["configMap"]["name"] for v in spec["volumes"] if "configMap" in v} <= maps.keys()
        assert spec.get("serviceAccountName", "tieout-runs") in of_kind("ServiceAccount")
    (location,) = yaml.safe_load(held_by("tieout-workspace", "workspace.yaml"))["load_from"]
    service = of_kind("Service")[location["grpc_server"]["host"]]["spec"]
    assert service["ports"][0]["port"] == location["grpc_server"]["port"]


def test_the_settings_are_those_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = of_kind("ConfigMap")["tieout-settings"]["data"]
    assert {name: given.get(name) for name in NO_STATISTICS if "STREAMLIT" not in name} == {
        name: value for name, value in NO_STATISTICS.items() if "STREAMLIT" not in name
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TIEOUT_DAGSTER_HOME", str(ROOT / "deploy" / "celery"))
    assert load_settings().executor == "kubernetes"
    # the two instances differ in who starts runs alone
    ours = yaml.safe_load(held_by("tieout-instance", "dagster.yaml"))
    launcher = ours.pop("run_launcher")
    assert ours == yaml.safe_load((ROOT / "deploy/celery/dagster.yaml").read_text())
    assert launcher["config"]["instance_config_map"] in of_kind("ConfigMap")
    assert launcher["config"]["service_account_name"] in of_kind("ServiceAccount")


@dataclass
class Cluster:
    """Kubernetes' API as far as an executor calls it: a job is the command of its pod as a process of this machine."""

    environment: dict[str, str]
    folder: Path
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def create(self, namespace: str, body: Any, **_: Any) -> Any:
        assert namespace == NAMESPACE
        job = kubernetes.client.ApiClient().sanitize_for_serialization(body)
        name = job["metadata"]["name"]
        (container,) = job["spec"]["template"]["spec"]["containers"]
        command = [*container.get("command", []), *container["args"]]
        assert command[0] == "dagster"
        given = {one["name"]: one["value"] for one in container["env"] if "value" in one} | self.environment
        with (self.folder / f"{name}.log").open("wb") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=given, stdout=output, stderr=output
            )
        self.jobs[name] = job
        return body

    def status(self, name: str, namespace: str) -> Any:
        code = self.processes[name].poll()
        told = kubernetes.client.V1JobStatus(failed=int(bool(code)), succeeded=int(code == 0))
        return kubernetes.client.V1Job(status=told)

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait(20)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A data folder with the manifest's `market.toml`, and the manifests' instance but for its storage."""
    home = tmp_path / "dagster"
    data = tmp_path / "data"
    for folder in (home, data):
        folder.mkdir()
    instance = yaml.safe_load(held_by("tieout-instance", "dagster.yaml"))
    del instance["storage"]
    (home / "dagster.yaml").write_text(yaml.safe_dump(instance))
    (data / "market.toml").write_text(held_by("tieout-plan", "market.toml"))
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with vendor_server(lambda: midnight) as vendors:
        given = {
            **of_kind("ConfigMap")["tieout-settings"]["data"],
            **settings(vendors),
            "DAGSTER_FILES_DIR": str(tmp_path / "files"),
            "DAGSTER_HOME": str(home),
            "TIEOUT_DAGSTER_HOME": str(home),
            "TIEOUT_DATA_DIR": str(data),
            "TIEOUT_LAKE_URL": str(tmp_path / "lake"),
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        made = Cluster(environment(data, **given), tmp_path)
        monkeypatch.setattr("kubernetes.config.load_incluster_config", lambda: None)
        api = "kubernetes.client.BatchV1Api"
        monkeypatch.setattr(f"{api}.create_namespaced_job", lambda _, **given: made.create(**given))
        monkeypatch.setattr(
            f"{api}.read_namespaced_job_status", lambda _, name, namespace: made.status(name, namespace)
        )
        try:
            yield made
        finally:
            made.end()


def test_a_step_is_a_pod_as_described(cluster: Cluster, tmp_path: Path) -> None:
    market = MarketData(load_settings())
    wanted = market.plan.wanted()
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        (request,) = update_requests(instance, "observations", wanted, market)
        with dg.execute_job(
            dg.reconstructable(update_observations),
            instance=instance,
            run_config=request.run_config,
            tags=dict(request.tags),
        ) as result:
            told = "".join(path.read_text()[-3000:] for path in tmp_path.glob("dagster-step-*.log"))
            assert result.success, told
    (job,) = cluster.jobs.values()
    for version in VERSIONS:
        kubernetes_validate.validate({"apiVersion": "batch/v1", "kind": "Job", **job}, version, strict=True)
    spec = job["spec"]["template"]["spec"]
    assert list(faults(spec)) == []
    assert spec["serviceAccountName"] == "tieout-runs"
    assert {"configMapRef": {"name": "tieout-settings"}} in spec["containers"][0]["envFrom"]
    mounts = {mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
    assert {"/data/market.toml", "/dagster-home/dagster.yaml"} <= mounts
    (dataset,) = [one.dataset for one in wanted]
    assert market.lake.facts("clean", dataset).rows > 900
    assert (tmp_path / "lake" / "state" / "ecb.json").exists()


def test_the_plan_that_is_shown_is_one(tmp_path: Path) -> None:
    path = tmp_path / "market.toml"
    path.write_text(held_by("tieout-plan", "market.toml"))
    (one,) = Plan(path).wanted()
    assert one.first <= date(2020, 1, 1)
