# Learners on GPUs. They checkpoint every ten seconds; the checkpoints go to S3, and the next machine goes on from there.

module "group" {
  source = "../group"

  name   = var.name
  group  = "learner"
  mesh   = var.mesh
  units  = ["mazemesh-learner"]
  extras = concat(["aws", "learner"], var.gpu ? ["gpu"] : [])
  settings = {
    MAZEMESH_LEARNER_GAME      = var.run.game
    MAZEMESH_LEARNER_ALGORITHM = var.run.algorithm
    MAZEMESH_LEARNER_POLICY    = var.run.policy
    MAZEMESH_LEARNER_DEVICE    = var.gpu ? "cuda" : "cpu"
    MAZEMESH_DATA_DIR          = "/var/lib/mazemesh"
    MAZEMESH_CLOUD_CHECKPOINTS = "s3://${var.buckets.names["models"]}/checkpoints"
    MAZEMESH_CLOUD_NODES       = var.size.max > 1 ? "1:${var.size.max}" : ""
    MAZEMESH_CLOUD_RENDEZVOUS  = var.size.max > 1 ? "learner.${var.mesh.namespace.name}:29400" : ""
  }
  secrets        = ["tls", "trainer-key"]
  buckets        = [var.buckets.arns["models"]]
  subnets        = var.network.training_subnets
  public         = !var.network.private
  security_group = var.network.group_ids["learner"]
  architecture   = var.architecture
  image          = var.gpu ? var.image : null
  instance_types = var.instance_types
  size           = var.size
  spot           = var.spot
  root_gib       = var.gpu ? 60 : 20 # torch with CUDA takes 12, the image of the driver 35
  registered     = var.size.max > 1 ? { learner = { id = aws_service_discovery_service.rendezvous[0].id, arn = aws_service_discovery_service.rendezvous[0].arn } } : {}
  monthly_hours  = var.monthly_hours
  when_idle      = "stop"
}

# Where torchrun's ranks meet: the machine that has been there longest serves, whoever it is.
resource "aws_service_discovery_service" "rendezvous" {
  count = var.size.max > 1 ? 1 : 0

  name        = "learner"
  description = "Machines of the learner"

  dns_config {
    namespace_id   = var.mesh.namespace.id
    routing_policy = "WEIGHTED"
    dns_records {
      type = "A"
      ttl  = 10
    }
  }
  force_destroy = true
}

# The first learner is started by the training job; more are when inserts run ahead of samples.
resource "aws_autoscaling_policy" "backlog" {
  count = var.size.max > 1 ? 1 : 0

  name                      = "backlog"
  autoscaling_group_name    = module.group.name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = 420

  target_tracking_configuration {
    target_value = var.backlog_rows

    customized_metric_specification {
      metrics {
        id          = "each"
        label       = "inserts minus samples per learner"
        expression  = "IF(machines > 0, FILL(backlog, 0) / machines, 0)"
        return_data = true
      }
      metrics {
        id          = "backlog"
        return_data = false
        metric_stat {
          stat = "Maximum"
          metric {
            namespace   = "Mazemesh"
            metric_name = "InsertsMinusSamples"
            dimensions {
              name  = "Mesh"
              value = var.name
            }
          }
        }
      }
      metrics {
        id          = "machines"
        return_data = false
        metric_stat {
          stat = "Average"
          metric {
            namespace   = "AWS/AutoScaling"
            metric_name = "GroupInServiceInstances"
            dimensions {
              name  = "AutoScalingGroupName"
              value = module.group.name
            }
          }
        }
      }
    }
  }
}
