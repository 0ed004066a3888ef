"""The Helm chart: valid by helm and by Kubernetes' own schemas, of the program's options and compose's images."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml

from deploy.hub.role import role_of
from sensors.errors import UsageError
from sensors.site import Site
from tests.packaging.charts import (
    CHART,
    VALUES,
    containers,
    helm,
    objects,
    part,
    pods,
    rendered,
    selects,
    template,
)  # fmt: skip
from tests.packaging.kube_schemas import VERSION, folder_of
from tests.packaging.test_compose import BASE
from tests.packaging.tools import DEPLOY, ROOT, command, ran, tool

by_values = pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)

CITY, SMALL = CHART / "ci" / "city.yaml", CHART / "ci" / "small.yaml"

#: Of another project, whose schema is not Kubernetes'.
FOREIGN = "ServiceMonitor"


def conform(*words: str | Path) -> str:
    """What kubeconform says, by schemas that lie here."""
    servers = os.environ.get("RIVERCHIEF_SERVERS", str(Path.home() / ".cache" / "riverchief" / "servers"))
    schemas = folder_of(Path(servers))
    if not schemas.is_dir():
        pytest.skip(f"no schemas of Kubernetes {VERSION} in {schemas} (.ci/run makes them where Go is installed)")
    kubeconform = tool("kubeconform", "go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0")
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    return ran(kubeconform, "-strict", "-summary", "-skip", FOREIGN, "-schema-location", location, *words)


@by_values
def test_helm_finds_no_fault(values: Path) -> None:
    done = helm("lint", "--strict", "--kube-version", VERSION, CHART, "-f", values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout + done.stderr


@by_values
def test_kubernetes_takes_every_object(values: Path, tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(rendered(values), "utf-8")
    told = conform(path)
    assert "Invalid: 0, Errors: 0" in told
    assert int(re.findall(r"Valid: (\d+)", told)[0]) == len([one for one in objects(values) if one["kind"] != FOREIGN])


def test_the_example_of_a_regrade_is_taken_as_well() -> None:
    assert "Valid: 5, Invalid: 0" in conform(ROOT / "docs" / "regrade-kubernetes.yaml")


@pytest.mark.parametrize(
    ("old", "new"),
    [("readOnlyRootFilesystem: true", "readOnlyRotFilesystem: true"), ("replicas: 2", "replicas: two"),
     ("memory: 2Gi", "memory: much"), ("serviceName: rivers-riverchief-judge", "serviceName: ")],
)  # fmt: skip
def test_the_schemas_refuse_what_is_wrong(old: str, new: str, tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    assert old in rendered(SMALL)
    path.write_text(rendered(SMALL).replace(old, new), "utf-8")
    with pytest.raises(AssertionError, match=r"is invalid"):
        conform(path)


@by_values
def test_images_are_those_of_compose(values: Path) -> None:
    images = {
        one["image"].replace("${RIVERCHIEF_REGISTRY:-docker.io}", "docker.io") for one in BASE["services"].values()
    }
    own = re.sub(r"\$\{RIVERCHIEF_VERSION:-([\d.]+)\}", r"\1", BASE["services"]["hub"]["image"])
    used = {container["image"].removeprefix("registry.example/") for _, container in containers(values)}
    assert own in used
    assert used <= {*images, own}


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert f'version = "{chart["appVersion"]}"\n' in (ROOT / "pyproject.toml").read_text("utf-8")


@by_values
def test_the_program_takes_what_a_container_says(values: Path) -> None:
    asked = set()
    for _, container in containers(values):
        args = [word.replace("$(SHARD)", "0") for word in container.get("args", [])]
        if "upgrade-check" in args:
            args = ["riverchief", *args[args.index("upgrade-check") :]]
        if args[:1] == ["riverchief"]:
            asked.add(" ".join(args[1:3]) if args[1] == "alert" else args[1])
            assert command(args[1:]).callback is not None
            # The image's own entrypoint takes the secrets in.
            assert "command" not in container
    assert {"hub", "board", "alert run"} <= asked


@by_values
def test_variables_are_ones_that_somebody_reads(values: Path) -> None:
    entrypoint = (DEPLOY / "containers" / "entrypoint.sh").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in [*DEPLOY.rglob("*.py"), *(ROOT / "collectors").rglob("*.py")])
    names = {one["name"] for _, container in containers(values) for one in container.get("env", [])}
    own = {name for name in names if name.startswith("RIVERCHIEF_")}
    assert own
    assert [name for name in own if f"{name}" not in entrypoint and f'"{name}"' not in code] == []
    compose = {key for service in BASE["services"].values() for key in service.get("environment", {})}
    # PostgreSQL's folder is named, because a volume's root may hold a lost+found.
    assert names - own <= compose | {"SHARD", "POD_NAME", "PGDATA"}


@by_values
def test_a_pod_can_do_next_to_nothing(values: Path) -> None:
    for name, _, pod in pods(values):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert not any("hostPath" in volume for volume in pod["volumes"])
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            }, name  # fmt: skip
            assert {"requests", "limits"} <= container["resources"].keys()
            assert "memory" in container["resources"]["limits"]
            assert not any("hostPort" in port for port in container.get("ports", []))


@by_values
def test_users_are_those_of_compose(values: Path) -> None:
    for name, _, pod in pods(values):
        user = BASE["services"].get(name, {}).get("user")
        own = 10001 if user is None else int(user.split(":")[0])
        assert pod["securityContext"]["runAsUser"] == own, name


@by_values
def test_secrets_are_named_and_never_made(values: Path) -> None:
    assert objects(values, "Secret") == []
    given = yaml.safe_load(values.read_text("utf-8"))
    usual = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))["secrets"]
    known = {*{**usual, **given.get("secrets", {})}.values(), given.get("city", {}).get("kafkaConfig", "")}
    named = set(re.findall(r"secretName: (\S+?)[,}\n]|secret:\n\s+name: (\S+)", rendered(values)))
    names = {one or other for one, other in named} - {"riverchief-board-tls"}
    assert names
    assert names <= set(known)


@by_values
def test_what_lasts_tells_whether_it_works(values: Path) -> None:
    for one in objects(values, "Deployment", "StatefulSet"):
        for container in one["spec"]["template"]["spec"]["containers"]:
            assert {"livenessProbe", "readinessProbe"} <= container.keys()
            ports = {port["name"] for port in container.get("ports", [])}
            for name in ("startupProbe", "livenessProbe", "readinessProbe"):
                probe = container.get(name, {})
                asked = probe.get("httpGet", probe.get("tcpSocket", {})).get("port")
                assert asked is None or asked in ports
    hubs = [c for name, c in containers(values) if name in ("ingest", "judge", "alerts", "bridge", "watch")]
    assert {c["livenessProbe"]["httpGet"]["path"] for c in hubs} == {"/healthz"}
    ready = {name: c["readinessProbe"]["httpGet"]["path"] for name, c in containers(values) if c in hubs}
    # A worker that has no site just now is whole.
    assert {path for name, path in ready.items() if name != "watch"} == {"/readyz"}
    assert ready.get("watch", "/healthz") == "/healthz"
    for container in hubs:
        [port] = [port["containerPort"] for port in container["ports"] if port["name"] == "metrics"]
        assert f"--metrics=0.0.0.0:{port}" in container["args"]


@by_values
def test_everything_named_is_there(values: Path) -> None:
    labels = {name: found for name, found, _ in pods(values)}
    for one in objects(values, "Service"):
        chosen = [name for name, found in labels.items() if selects(one["spec"]["selector"], found)]
        assert chosen == [part(one)]
        ports = {port["name"] for name, c in containers(values) if name == part(one) for port in c.get("ports", [])}
        assert {port["targetPort"] for port in one["spec"]["ports"]} <= ports
    for one in objects(values, "PodDisruptionBudget", "NetworkPolicy"):
        selector = one["spec"].get("selector", one["spec"].get("podSelector"))
        assert [name for name, found in labels.items() if selects(selector, found)], one["metadata"]["name"]
    for name, _, pod in pods(values):
        volumes = {volume["name"] for volume in pod["volumes"]}
        stateful = [one for one in objects(values, "StatefulSet") if part(one) == name]
        volumes |= {claim["metadata"]["name"] for one in stateful for claim in one["spec"]["volumeClaimTemplates"]}
        used = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
        assert used == volumes, name


def test_a_shard_has_one_pod_and_only_its_own_key() -> None:
    [ingest] = [one for one in objects(CITY, "StatefulSet") if part(one) == "ingest"]
    assert ingest["spec"]["replicas"] == 8
    [container] = ingest["spec"]["template"]["spec"]["containers"]
    assert "--shard=$(SHARD)" in container["args"]
    mounts = [mount for mount in container["volumeMounts"] if mount["name"] == "tls"]
    assert {mount.get("subPath", mount.get("subPathExpr")) for mount in mounts} == {
        "ca.crt", "hub.$(SHARD).crt", "hub.$(SHARD).key",
    }  # fmt: skip
    [alerts] = [container for name, container in containers(CITY) if name == "alerts"]
    assert [word for word in alerts["args"] if word.startswith("--hub=")] == [
        "--hub=judge", *(f"--hub={shard}" for shard in range(8)),
    ]  # fmt: skip


def test_labels_of_processes_are_those_of_the_hub(xietang: Site) -> None:
    """The alert service waits for processes by these names."""
    assert role_of(xietang, [0], judge=False).label == "0"
    assert role_of(xietang, [], judge_only=True).label == "judge"
    with pytest.raises(UsageError, match="no gateway of xietang is on shard 7"):
        role_of(xietang, [7], judge=False)


def test_one_process_judges_and_one_tells() -> None:
    for one in objects(CITY, "Deployment", "StatefulSet"):
        if part(one) in ("judge", "alerts", "broker", "influxdb", "postgres"):
            assert one["spec"]["replicas"] == 1
    [alerts] = [one for one in objects(CITY, "Deployment") if part(one) == "alerts"]
    assert alerts["spec"]["strategy"] == {"type": "Recreate"}


def test_who_may_ask_whom() -> None:
    """Databases hear the program only; the board's own port and the broker are the only doors."""
    policies = {
        one["metadata"]["name"].removeprefix("rivers-riverchief-"): one["spec"]
        for one in objects(CITY, "NetworkPolicy")
    }
    assert policies["nothing"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policies["nothing"]
    for name in ("influxdb-asked", "postgres-asked"):
        assert [list(peer) for rule in policies[name]["ingress"] for peer in rule["from"]] == [["podSelector"]]
    blocks = [peer["ipBlock"]["cidr"] for peer in policies["broker-asked"]["ingress"][0]["from"] if "ipBlock" in peer]
    assert blocks == ["10.20.0.0/16"]
    assert policies["readers"]["ingress"][0]["ports"] == [{"port": 8080, "protocol": "TCP"}]
    doors = {
        name
        for name, spec in policies.items()
        for rule in spec.get("ingress", [])
        for peer in rule["from"]
        if "podSelector" not in peer
    }
    assert doors == {"broker-asked", "readers", "figures"}
    # Nobody but the alert service speaks to the outside, and who needs it to Kafka.
    outside = {name for name, spec in policies.items() for rule in spec.get("egress", []) if "to" not in rule}
    assert outside == {"tell", "kafka"}
    assert policies["tell"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "alerts"


def test_a_reader_stays_with_one_board() -> None:
    [nginx] = objects(SMALL, "Ingress")
    assert nginx["metadata"]["annotations"]["nginx.ingress.kubernetes.io/affinity"] == "cookie"
    assert int(nginx["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-read-timeout"]) >= 3600
    [service] = [one for one in objects(CITY, "Service") if part(one) == "board"]
    assert service["metadata"]["annotations"]["traefik.ingress.kubernetes.io/service.sticky.cookie"] == "true"
    # Whichever board answers knows who is signed in.
    board = next(container for name, container in containers(CITY) if name == "board")
    assert "--key=/tmp/sessions.key" in board["args"]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("ingest.shards=0", "at '/ingest/shards': minimum: got 0, want 1"),
        ("board.replicas=two", "at '/board/replicas': got string, want integer"),
        ("secrets.password=abc", "at '/secrets': additional properties 'password' not allowed"),
        ("shards=3", "additional properties 'shards' not allowed"),
        ("images.proxy=nginx:latest", "at '/images/proxy': 'nginx:latest' does not match pattern"),
        ("broker.enabled=false", "at '/broker/url': '' does not match pattern"),
        ("broker.url=mqtts://there:8883", "at '/broker/url': value must be ''"),
        ("influxdb.enabled=false", "at '/influxdb/url': '' does not match pattern"),
        ("postgres.enabled=false", "at '/postgres/url': '' does not match pattern"),
        ("site.configMap=", "at '/site/configMap': minLength: got 0, want 1"),
        ("ingress.host=", "at '/ingress/host': '' does not match pattern"),
        ("ingress.controller=haproxy", "at '/ingress/controller': value must be one of 'nginx', 'traefik', 'none'"),
        ("networkPolicy.gateways={river}", "at '/networkPolicy/gateways/0': 'river' does not match pattern"),
        ("city.enabled=true", "at '/city/kafka': '' does not match pattern"),
        ("backup.enabled=true", "at '/backup/claim': minLength: got 0, want 1"),
        ("judge.resources.limits.memory=lots", "at '/judge/resources/limits"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_by_its_key(setting: str, told: str) -> None:
    done = template(SMALL, "--set", setting)
    assert done.returncode != 0
    assert told in done.stderr


def test_workers_that_would_have_no_work_are_refused() -> None:
    done = template(CITY, "--set", "city.workers=17")
    assert done.returncode != 0
    assert "city.workers: found 17; accepted: at most city.partitions, which is 16" in done.stderr


def test_one_of_them_watches() -> None:
    """Behind Kafka the judge does not, and without it there is no worker."""
    parts = {name: container["args"] for name, container in containers(CITY) if "args" in container}
    assert "--no-watch" in parts["judge"]
    assert "--kafka=kafka-0.example:9093,kafka-1.example:9093" in parts["bridge"]
    assert parts["watch"][1:3] == ["city", "watch"]
    # Only by Kafka does a worker hear anything.
    assert not [word for word in parts["watch"] if "store" in word or "books" in word or "site" in word]
    small = {name: container["args"] for name, container in containers(SMALL) if "args" in container}
    assert "--no-watch" not in small["judge"]
    assert not {"bridge", "watch"} & small.keys()


def test_a_password_in_an_address_is_refused() -> None:
    done = template(
        SMALL, "--set", "postgres.enabled=false", "--set", "postgres.url=postgresql://riverchief:secret@there/books"
    )
    assert "at '/postgres/url'" in done.stderr


def test_every_value_of_the_chart_is_in_its_schema() -> None:
    """And none more: a key that nobody can set would not be missed."""
    schema = yaml.safe_load((CHART / "values.schema.json").read_text("utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    assert set(schema["properties"]) - {"global"} == set(values)
    for key, value in values.items():
        inner = schema["properties"][key].get("properties")
        if isinstance(value, dict) and inner:
            assert set(inner) == set(value), key
