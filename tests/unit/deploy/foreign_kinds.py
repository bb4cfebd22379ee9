"""JSON schemas of what is used of kinds that are not Kubernetes' own.

Written after the types of each project; a field that is not here is refused, as by their CRDs under
strict validation. What they take over from Kubernetes whole (pods, jobs, a HPA's behaviour) is
validated by Kubernetes' own schemas.

JobSet: api/jobset/v1alpha2/jobset_types.go. KEDA: apis/keda/v1alpha1/scaledobject_types.go and
scaletriggers_types.go, the scaler prometheus. Prometheus Operator: pkg/apis/monitoring/v1.
cert-manager: pkg/apis/certmanager/v1. Istio: security/v1 PeerAuthentication.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
FLAG: Final[Schema] = {"type": "boolean"}
TEXTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
WHATEVER: Final[Schema] = {"type": "object"}
DURATION: Final[Schema] = {"type": "string", "pattern": r"^(\d+(ms|s|m|h))+$"}
GO_DURATION: Final[Schema] = {"type": "string", "pattern": r"^\d+h(\d+m)?(\d+s)?$"}


def record(*needed: str, **fields: Schema) -> Schema:
    """An object of these fields and no others."""
    return {
        "type": "object",
        "properties": fields,
        "required": list(needed),
        "additionalProperties": False,
    }


def several(item: Schema) -> Schema:
    """A list that is not empty."""
    return {"type": "array", "items": item, "minItems": 1}


def one_of(*values: str) -> Schema:
    """One of some words."""
    return {"enum": list(values)}


SELECTOR: Final = record(
    matchLabels=TEXTS,
    matchExpressions=several(
        record(
            *("key", "operator"),
            key=TEXT,
            operator=one_of("In", "NotIn", "Exists", "DoesNotExist"),
            values=several(TEXT),
        )
    ),
)
RELABELING: Final = record(
    sourceLabels=several(TEXT),
    separator=TEXT,
    targetLabel=TEXT,
    regex=TEXT,
    replacement=TEXT,
    action=TEXT,
)
ENDPOINT: Final[dict[str, Schema]] = {
    "port": TEXT,
    "targetPort": {"type": ["string", "integer"]},
    "path": TEXT,
    "scheme": one_of("http", "https"),
    "interval": DURATION,
    "scrapeTimeout": DURATION,
    "relabelings": several(RELABELING),
}
MTLS: Final = record("mode", mode=one_of("UNSET", "DISABLE", "PERMISSIVE", "STRICT"))

SPECS: Final[dict[tuple[str, str], Schema]] = {
    ("jobset.x-k8s.io/v1alpha2", "JobSet"): record(
        "replicatedJobs",
        network=record(enableDNSHostnames=FLAG, subdomain=TEXT, publishNotReadyAddresses=FLAG),
        failurePolicy=record(
            maxRestarts=COUNT, restartStrategy=one_of("Recreate", "BlockingRecreate")
        ),
        successPolicy=record("operator", operator=one_of("All", "Any")),
        suspend=FLAG,
        ttlSecondsAfterFinished=COUNT,
        replicatedJobs=several(
            record("name", "template", name=TEXT, replicas=COUNT, template=WHATEVER)
        ),
    ),
    ("keda.sh/v1alpha1", "ScaledObject"): record(
        *("scaleTargetRef", "triggers"),
        scaleTargetRef=record("name", apiVersion=TEXT, kind=TEXT, name=TEXT),
        pollingInterval=COUNT,
        cooldownPeriod=COUNT,
        idleReplicaCount=COUNT,
        minReplicaCount=COUNT,
        maxReplicaCount=COUNT,
        advanced=record(
            restoreToOriginalReplicaCount=FLAG,
            horizontalPodAutoscalerConfig=record(name=TEXT, behavior=WHATEVER),
        ),
        triggers=several(
            record(
                *("type", "metadata"),
                type=one_of("prometheus"),
                name=TEXT,
                metricType=one_of("AverageValue", "Value"),
                # All values are text, numbers too.
                metadata=record(
                    *("serverAddress", "query", "threshold"),
                    serverAddress=TEXT,
                    query=TEXT,
                    threshold={"type": "string", "pattern": r"^\d+(\.\d+)?$"},
                ),
            )
        ),
    ),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): record(
        *("selector", "endpoints"),
        selector=SELECTOR,
        endpoints=several(record(**ENDPOINT)),
    ),
    ("monitoring.coreos.com/v1", "PodMonitor"): record(
        *("selector", "podMetricsEndpoints"),
        selector=SELECTOR,
        podMetricsEndpoints=several(record(**ENDPOINT)),
    ),
    ("cert-manager.io/v1", "Issuer"): record(
        selfSigned=record(), ca=record("secretName", secretName=TEXT)
    ),
    ("cert-manager.io/v1", "Certificate"): record(
        *("secretName", "issuerRef"),
        secretName=TEXT,
        issuerRef=record("name", name=TEXT, kind=one_of("Issuer", "ClusterIssuer"), group=TEXT),
        isCA=FLAG,
        commonName={**TEXT, "maxLength": 64},
        dnsNames=several(TEXT),
        duration=GO_DURATION,
        renewBefore=GO_DURATION,
        privateKey=record(
            algorithm=one_of("RSA", "ECDSA", "Ed25519"),
            size={"enum": [256, 384, 521, 2048, 4096]},
            rotationPolicy=one_of("Never", "Always"),
        ),
    ),
    ("security.istio.io/v1", "PeerAuthentication"): record(
        selector=record(matchLabels=TEXTS),
        mtls=MTLS,
        portLevelMtls={"type": "object", "additionalProperties": MTLS},
    ),
}
"""Of the field `spec`, by apiVersion and kind."""
