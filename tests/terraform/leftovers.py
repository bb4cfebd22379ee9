"""What is left in an account; empty after a destroy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def left(aws: Callable[[str], Any]) -> dict[str, list[str]]:
    """Names of what the modules make and is still there, by kind."""
    ec2, iam = aws("ec2"), aws("iam")
    instances = [
        one["InstanceId"]
        for each in ec2.describe_instances()["Reservations"]
        for one in each["Instances"]
        if one["State"]["Name"] not in ("terminated", "shutting-down")
    ]
    found = {
        "vpcs": [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]],
        "instances": instances,
        "addresses": [one["AllocationId"] for one in ec2.describe_addresses()["Addresses"]],
        "nat": [
            one["NatGatewayId"]
            for one in ec2.describe_nat_gateways()["NatGateways"]
            if one["State"] != "deleted"
        ],
        "templates": [
            one["LaunchTemplateName"] for one in ec2.describe_launch_templates()["LaunchTemplates"]
        ],
        "endpoints": [
            one["VpcEndpointId"]
            for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]
            if one["State"] != "deleted"
        ],
        "groups": [
            one["AutoScalingGroupName"]
            for one in aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        ],
        "buckets": [one["Name"] for one in aws("s3").list_buckets()["Buckets"]],
        "roles": [one["RoleName"] for one in iam.list_roles()["Roles"]],
        "profiles": [
            one["InstanceProfileName"] for one in iam.list_instance_profiles()["InstanceProfiles"]
        ],
        "secrets": [one["Name"] for one in aws("secretsmanager").list_secrets()["SecretList"]],
        "databases": [
            one["DBInstanceIdentifier"] for one in aws("rds").describe_db_instances()["DBInstances"]
        ],
        "clusters": [
            one["DBClusterIdentifier"] for one in aws("rds").describe_db_clusters()["DBClusters"]
        ],
        "caches": [
            one["ReplicationGroupId"]
            for one in aws("elasticache").describe_replication_groups()["ReplicationGroups"]
        ],
        "balancers": [
            one["LoadBalancerName"]
            for one in aws("elbv2").describe_load_balancers()["LoadBalancers"]
        ],
        "functions": [one["FunctionName"] for one in aws("lambda").list_functions()["Functions"]],
        "rules": [one["Name"] for one in aws("events").list_rules()["Rules"]],
        "topics": [one["TopicArn"] for one in aws("sns").list_topics()["Topics"]],
        "alarms": [one["AlarmName"] for one in aws("cloudwatch").describe_alarms()["MetricAlarms"]],
        "namespaces": [
            one["Name"] for one in aws("servicediscovery").list_namespaces()["Namespaces"]
        ],
        "parameters": [one["Name"] for one in aws("ssm").describe_parameters()["Parameters"]],
    }
    # A volume that a machine started with goes with it.
    volumes = ec2.describe_volumes(Filters=[{"Name": "status", "Values": ["available"]}])["Volumes"]
    found["volumes"] = [one["VolumeId"] for one in volumes]
    return {kind: names for kind, names in found.items() if names}
