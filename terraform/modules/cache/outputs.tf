output "url" {
  value       = "rediss://${aws_elasticache_replication_group.this.primary_endpoint_address}:6379/0"
  description = "As MAZEMESH_REDIS_URL takes it. Its security group admits the services alone."
}
