resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnets
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = var.name
  description          = "Queues and live games of ${var.name}; nothing that was acknowledged"
  engine               = "redis"
  engine_version       = "7.1"
  node_type            = var.node_type
  port                 = 6379
  num_cache_clusters   = 1 + var.replicas

  parameter_group_name = "default.redis7" # keys with a time to live go first when it is full
  subnet_group_name    = aws_elasticache_subnet_group.this.name
  security_group_ids   = [var.security_group]

  automatic_failover_enabled = var.replicas > 0
  multi_az_enabled           = var.replicas > 0
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  auto_minor_version_upgrade = true
  apply_immediately          = true
}
