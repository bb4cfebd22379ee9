mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
}

variables {
  name           = "mesh-test"
  group          = "actors"
  units          = ["mazemesh-actor@1"]
  subnets        = ["subnet-1"]
  public         = false
  security_group = "sg-1"
  instance_types = ["c7g.xlarge", "m7g.xlarge"]
  size           = { min = 0, max = 4, first = 1 }
  spot           = {}
  monthly_hours  = 100
  mesh = {
    settings = { MAZEMESH_GAME_ADDRESS = "game.mesh.internal:50051" }
    secrets  = { tls = "arn:tls", worker-key = "arn:worker", admin-key = "arn:admin" }
    release = {
      bucket = "releases", arn = "arn:releases", prefix = "releases/x", digest = "d"
      keys   = { wheel = "releases/x/m.whl", install = "releases/x/install", constraints = "releases/x/c.txt" }
      names  = { wheel = "m.whl", install = "install", constraints = "c.txt" }
    }
  }
}

run "spot_with_a_choice_of_types_and_rebalance" {
  command = plan
  assert {
    condition     = aws_autoscaling_group.this[0].capacity_rebalance
    error_message = "a machine that will be taken is replaced ahead"
  }
  assert {
    condition     = length(aws_autoscaling_group.this[0].mixed_instances_policy[0].launch_template[0].override) == 2
    error_message = "all types are offered"
  }
}

run "user_data_fetches_the_release_and_starts_the_units" {
  command = plan
  assert {
    condition     = strcontains(base64decode(aws_launch_template.this.user_data), "--start mazemesh-actor@1")
    error_message = "the units are started"
  }
  assert {
    condition     = strcontains(base64decode(aws_launch_template.this.user_data), "MAZEMESH_CLOUD_SECRETS=tls=arn:tls,worker-key=arn:worker\n")
    error_message = "only secrets of these machines are named"
  }
  assert {
    condition     = length(aws_launch_template.this.user_data) < 16384 * 4 / 3
    error_message = "EC2 takes 16 KiB"
  }
}

run "leaving_takes_its_time" {
  command = plan
  assert {
    condition     = aws_autoscaling_lifecycle_hook.leave[0].heartbeat_timeout == 150
    error_message = "the drain, and a minute"
  }
}

run "a_disk_is_for_one_machine" {
  command         = plan
  expect_failures = [aws_autoscaling_group.this]
  variables { volume = { gib = 10, zone = "us-east-1a" } }
}

run "a_template_alone_is_for_who_starts_machines_by_it" {
  command = plan
  variables {
    template_only = true
    spot          = { max_price = "0.05" }
  }
  assert {
    condition     = length(aws_autoscaling_group.this) + length(aws_autoscaling_lifecycle_hook.leave) == 0
    error_message = "no group, and nothing waits for who leaves it"
  }
  assert {
    condition     = aws_launch_template.this.instance_market_options[0].spot_options[0].max_price == "0.05"
    error_message = "the template itself says spot"
  }
  assert {
    condition     = !strcontains(base64decode(aws_launch_template.this.user_data), "MAZEMESH_CLOUD_HOOK")
    error_message = "no hook is completed"
  }
}

run "an_unknown_architecture_is_refused" {
  command         = plan
  expect_failures = [var.architecture]
  variables { architecture = "riscv" }
}
