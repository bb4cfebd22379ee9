locals {
  aurora   = var.engine == "aurora"
  database = "mazemesh"
  user     = "mazemesh"
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Database of ${var.name}"
  subnet_ids  = var.subnets
}

resource "aws_db_instance" "this" {
  count = local.aurora ? 0 : 1

  identifier     = var.name
  engine         = "postgres"
  engine_version = "16"
  instance_class = var.instance_class
  db_name        = local.database
  username       = local.user

  manage_master_user_password = true

  allocated_storage     = var.storage_gib
  max_allocated_storage = var.storage_gib * 5
  storage_type          = "gp3"
  storage_encrypted     = true

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [var.security_group]
  publicly_accessible    = false

  backup_retention_period    = var.backup_days
  auto_minor_version_upgrade = true
  copy_tags_to_snapshot      = true
  deletion_protection        = var.protect
  skip_final_snapshot        = !var.protect
  final_snapshot_identifier  = var.protect ? "${var.name}-last" : null
  apply_immediately          = true
}

resource "aws_rds_cluster_parameter_group" "this" {
  count = local.aurora ? 1 : 0

  name        = var.name
  family      = "aurora-postgresql16"
  description = "TLS alone"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_rds_cluster" "this" {
  count = local.aurora ? 1 : 0

  cluster_identifier = var.name
  engine             = "aurora-postgresql"
  engine_mode        = "provisioned"
  engine_version     = "16.6"
  database_name      = local.database
  master_username    = local.user

  manage_master_user_password = true

  storage_encrypted               = true
  db_subnet_group_name            = aws_db_subnet_group.this.name
  vpc_security_group_ids          = [var.security_group]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this[0].name

  backup_retention_period   = var.backup_days
  copy_tags_to_snapshot     = true
  deletion_protection       = var.protect
  skip_final_snapshot       = !var.protect
  final_snapshot_identifier = var.protect ? "${var.name}-last" : null
  apply_immediately         = true

  serverlessv2_scaling_configuration {
    min_capacity = var.capacity.min
    max_capacity = var.capacity.max
  }
}

resource "aws_rds_cluster_instance" "this" {
  count = local.aurora ? 1 + var.readers : 0

  identifier                 = "${var.name}-${count.index}"
  cluster_identifier         = aws_rds_cluster.this[0].id
  engine                     = aws_rds_cluster.this[0].engine
  engine_version             = aws_rds_cluster.this[0].engine_version
  instance_class             = "db.serverless"
  publicly_accessible        = false
  auto_minor_version_upgrade = true
  promotion_tier             = count.index
}
