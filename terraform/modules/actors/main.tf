# Actors and evaluators hold nothing that is not in Replay, Elo or a lease: spot machines, as many as games wait for.

module "group" {
  source = "../group"

  name  = var.name
  group = "actors"
  mesh  = var.mesh
  units = concat(
    [for number in range(var.actors) : "mazemesh-actor@${number + 1}"],
    [for number in range(var.evaluators) : "mazemesh-evaluator@${number + 1}"],
  )
  settings       = { MAZEMESH_ACTOR_POLICY = var.policy }
  subnets        = var.network.training_subnets
  public         = !var.network.private
  security_group = var.network.group_ids["actors"]
  architecture   = var.architecture
  instance_types = var.instance_types
  size           = var.size
  spot           = var.spot
  monthly_hours  = var.monthly_hours
  when_idle      = "stop"
}

# Games that wait (the Matchmaker's machine tells) and that learners wait for (Replay's), over the machines in service.
# Where there is none, whatever waits asks for one. supervisor/cloud/scaling/tracking.py says the same, and is simulated.
resource "aws_autoscaling_policy" "queued_games" {
  name                      = "queued-games"
  autoscaling_group_name    = module.group.name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = 180

  target_tracking_configuration {
    target_value = var.queued_games

    customized_metric_specification {
      metrics {
        id          = "each"
        label       = "queued games per machine"
        expression  = "IF(machines > 0, (FILL(queued, 0) + FILL(wanted, 0)) / machines, IF(FILL(queued, 0) + FILL(wanted, 0) > 0, ${2 * var.queued_games}, 0))"
        return_data = true
      }
      dynamic "metrics" {
        for_each = { queued = "QueuedGames", wanted = "WantedGames" }
        content {
          id          = metrics.key
          return_data = false
          metric_stat {
            stat = "Maximum"
            metric {
              namespace   = "Mazemesh"
              metric_name = metrics.value
              dimensions {
                name  = "Mesh"
                value = var.name
              }
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
