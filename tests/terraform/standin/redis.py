"""ElastiCache: a replication group has the nodes that it was made with."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elasticache.responses import ElastiCacheResponse

_groups: dict[str, dict[str, Any]] = {}
_clusters: dict[str, dict[str, Any]] = {}
_tags: dict[str, list[dict[str, str]]] = {}


def install() -> None:
    """Lays it over moto."""
    for function in (
        create_replication_group,
        describe_replication_groups,
        modify_replication_group,
        delete_replication_group,
        describe_cache_clusters,
        delete_cache_subnet_group,
    ):
        setattr(ElastiCacheResponse, function.__name__, function)
    list_tags = ElastiCacheResponse.list_tags_for_resource

    def list_tags_for_resource(self: Any) -> ActionResult:
        arn = self._get_param("ResourceName")
        return ActionResult({"TagList": _tags[arn]}) if arn in _tags else list_tags(self)

    ElastiCacheResponse.list_tags_for_resource = list_tags_for_resource  # type: ignore[method-assign]


def create_replication_group(self: Any) -> ActionResult:
    """A group that is available at once."""
    sent = self._get_params()
    name = sent["ReplicationGroupId"]
    count = int(sent.get("NumCacheClusters", 1))
    arn = f"arn:aws:elasticache:{self.region}:{self.current_account}:replicationgroup:{name}"
    members = [f"{name}-{number + 1:03}" for number in range(count)]
    host = f"{name}.abc123.use1.cache.amazonaws.com"
    nodes = [
        {
            "CacheClusterId": member,
            "CacheNodeId": "0001",
            "CurrentRole": "replica" if index else "primary",
            "PreferredAvailabilityZone": "us-east-1a",
            "ReadEndpoint": {"Address": f"{member}.{host}", "Port": 6379},
        }
        for index, member in enumerate(members)
    ]
    _groups[name] = {
        "ReplicationGroupId": name,
        "ARN": arn,
        "Description": sent["ReplicationGroupDescription"],
        "Status": "available",
        "Engine": sent["Engine"],
        "CacheNodeType": sent["CacheNodeType"],
        "MemberClusters": members,
        "ClusterEnabled": False,
        "ClusterMode": "disabled",
        "AutomaticFailover": "enabled" if sent.get("AutomaticFailoverEnabled") else "disabled",
        "MultiAZ": "enabled" if sent.get("MultiAZEnabled") else "disabled",
        "AtRestEncryptionEnabled": sent.get("AtRestEncryptionEnabled", False),
        "TransitEncryptionEnabled": sent.get("TransitEncryptionEnabled", False),
        "TransitEncryptionMode": "required" if sent.get("TransitEncryptionEnabled") else None,
        "AuthTokenEnabled": False,
        "AutoMinorVersionUpgrade": sent.get("AutoMinorVersionUpgrade", True),
        "SnapshotRetentionLimit": 0,
        "SnapshotWindow": "05:00-06:00",
        "DataTiering": "disabled",
        "NetworkType": "ipv4",
        "IpDiscovery": "ipv4",
        "NodeGroups": [
            {
                "NodeGroupId": "0001",
                "Status": "available",
                "PrimaryEndpoint": {"Address": f"master.{host}", "Port": 6379},
                "ReaderEndpoint": {"Address": f"replica.{host}", "Port": 6379},
                "NodeGroupMembers": nodes,
            }
        ],
    }
    for member in members:
        _clusters[member] = _cluster(member, name, sent)
    _tags[arn] = list(sent.get("Tags", []))
    return ActionResult({"ReplicationGroup": _groups[name]})


def _cluster(member: str, group: str, sent: dict[str, Any]) -> dict[str, Any]:
    return {
        "CacheClusterId": member,
        "ReplicationGroupId": group,
        "ARN": f"arn:aws:elasticache:us-east-1:123456789012:cluster:{member}",
        "CacheClusterStatus": "available",
        "CacheNodeType": sent["CacheNodeType"],
        "Engine": sent["Engine"],
        "EngineVersion": f"{sent.get('EngineVersion', '7.1')}.0",
        "NumCacheNodes": 1,
        "PreferredAvailabilityZone": "us-east-1a",
        "PreferredMaintenanceWindow": "sun:07:00-sun:08:00",
        "SnapshotWindow": "05:00-06:00",
        "SnapshotRetentionLimit": 0,
        "CacheParameterGroup": {"CacheParameterGroupName": sent.get("CacheParameterGroupName")},
        "CacheSubnetGroupName": sent.get("CacheSubnetGroupName"),
        "SecurityGroups": [
            {"SecurityGroupId": one, "Status": "active"} for one in sent.get("SecurityGroupIds", [])
        ],
        "AutoMinorVersionUpgrade": True,
        "AtRestEncryptionEnabled": sent.get("AtRestEncryptionEnabled", False),
        "TransitEncryptionEnabled": sent.get("TransitEncryptionEnabled", False),
        "TransitEncryptionMode": "required" if sent.get("TransitEncryptionEnabled") else None,
        "CacheNodes": [
            {
                "CacheNodeId": "0001",
                "CacheNodeStatus": "available",
                "Endpoint": {"Address": f"{member}.abc123.use1.cache.amazonaws.com", "Port": 6379},
            }
        ],
    }


def describe_replication_groups(self: Any) -> ActionResult:
    """One group, or all."""
    name = self._get_param("ReplicationGroupId")
    if name and name not in _groups:
        return _missing(self, "ReplicationGroupNotFoundFault", name)
    return ActionResult({"ReplicationGroups": [_groups[name]] if name else [*_groups.values()]})


def modify_replication_group(self: Any) -> ActionResult:
    """Nothing that the modules change in place."""
    return ActionResult({"ReplicationGroup": _groups[self._get_param("ReplicationGroupId")]})


def delete_replication_group(self: Any) -> ActionResult:
    """The group and its nodes."""
    group = _groups.pop(self._get_param("ReplicationGroupId"))
    for member in group["MemberClusters"]:
        _clusters.pop(member)
    _tags.pop(group["ARN"])
    return ActionResult({"ReplicationGroup": {**group, "Status": "deleting"}})


def describe_cache_clusters(self: Any) -> ActionResult:
    """One node, or all."""
    name = self._get_param("CacheClusterId")
    if name and name not in _clusters:
        return _missing(self, "CacheClusterNotFound", name)
    return ActionResult({"CacheClusters": [_clusters[name]] if name else [*_clusters.values()]})


def delete_cache_subnet_group(self: Any) -> ActionResult:
    """The group of subnets."""
    self.elasticache_backend.cache_subnet_groups.pop(self._get_param("CacheSubnetGroupName"))
    return ActionResult({})


def _missing(self: Any, code: str, name: str) -> ActionResult:
    from moto.core.exceptions import ServiceException

    class MissingError(ServiceException):
        pass

    MissingError.code = code
    raise MissingError(f"{name} not found")
