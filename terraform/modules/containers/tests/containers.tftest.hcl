mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
}

variables {
  name      = "mesh-test"
  image     = "registry.example/mazemesh@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  roles     = { matchmaker = { tier = "public" }, model = { tier = "services" } }
  cache_url = "rediss://cache:6379/0"
  buckets   = { names = { models = "m", replays = "r" }, arns = { models = "arn:m", replays = "arn:r" } }
  database  = { host = "db", database = "mazemesh", secret_arn = "arn:db" }
  mesh = {
    settings  = { MAZEMESH_GAME_ADDRESS = "game.mesh.internal:50051" }
    namespace = { id = "ns-1", name = "mesh.internal", zone = "Z1" }
    secrets   = { tls = "arn:tls", admin-key = "arn:a", worker-key = "arn:w", trainer-key = "arn:t", viewer-key = "arn:v", service-key = "arn:s" }
  }
  network = {
    ports            = { game = 50051, matchmaker = 50052, model = 50053, elo = 50054, replay = 50055 }
    group_ids        = { matchmaker = "sg-1", model = "sg-2" }
    public_subnets   = ["subnet-1"]
    services_subnets = ["subnet-2"]
    private          = true
  }
}

run "beside_each_service_an_exporter_tells_what_groups_are_scaled_by" {
  command = plan
  assert {
    condition     = [for one in jsondecode(aws_ecs_task_definition.this["matchmaker"].container_definitions) : one.name] == ["matchmaker", "exporter"]
    error_message = "two containers"
  }
  assert {
    condition     = [for one in jsondecode(aws_ecs_task_definition.this["matchmaker"].container_definitions) : one.essential] == [true, false]
    error_message = "the service does not end with its exporter"
  }
  assert {
    condition = { for one in jsondecode(aws_ecs_task_definition.this["matchmaker"].container_definitions)[1].environment : one.name => one.value } == {
      AWS_DEFAULT_REGION = "us-east-1", MAZEMESH_CLOUD_NAME = "mesh-test", MAZEMESH_CLOUD_UNITS = "mazemesh-service@matchmaker"
    }
    error_message = "the exporter is told of no secret"
  }
  assert {
    condition     = contains(jsondecode(aws_ecs_task_definition.this["matchmaker"].container_definitions)[0].environment, { name = "MAZEMESH_MATCHMAKER_METRICS_PORT", value = "9152" })
    error_message = "the page is where the exporter looks"
  }
}

run "containers_may_write_nowhere_but_in_tmp" {
  command = plan
  assert {
    condition     = alltrue([for one in jsondecode(aws_ecs_task_definition.this["model"].container_definitions) : one.readonlyRootFilesystem && one.user == "10001:10001"])
    error_message = "read-only, nobody"
  }
}

run "an_image_by_tag_is_refused" {
  command         = plan
  expect_failures = [var.image]
  variables { image = "registry.example/mazemesh:latest" }
}
