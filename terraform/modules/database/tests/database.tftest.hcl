mock_provider "aws" {}

variables {
  name           = "mesh-test"
  subnets        = ["subnet-1", "subnet-2"]
  security_group = "sg-1"
}

run "a_small_one_is_closed_and_encrypted" {
  command = plan
  variables { engine = "instance" }
  assert {
    condition     = !aws_db_instance.this[0].publicly_accessible && aws_db_instance.this[0].storage_encrypted && aws_db_instance.this[0].manage_master_user_password
    error_message = "closed, encrypted, with a password that nobody wrote down"
  }
  assert {
    condition     = length(aws_rds_cluster.this) == 0
    error_message = "one of the two"
  }
}

run "aurora_has_readers_and_tls" {
  command = plan
  variables {
    engine  = "aurora"
    readers = 1
    protect = true
  }
  assert {
    condition     = length(aws_rds_cluster_instance.this) == 2 && length(aws_db_instance.this) == 0
    error_message = "a writer and a reader"
  }
  assert {
    condition     = aws_rds_cluster.this[0].deletion_protection && !aws_rds_cluster.this[0].skip_final_snapshot
    error_message = "it is not deleted by mistake"
  }
}

run "an_unknown_engine_is_refused" {
  command         = plan
  expect_failures = [var.engine]
  variables { engine = "oracle" }
}
