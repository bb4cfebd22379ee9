# Training jobs of the gateway on machines of their own: the launch template that it makes each job's machine by, what that
# machine may do, and what the gateway may. The groups of running jobs are the gateway's: it makes and deletes them.

data "aws_region" "here" {}
data "aws_partition" "here" {}
data "aws_caller_identity" "here" {}

locals {
  here    = "${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}"
  aws     = "arn:${data.aws_partition.here.partition}"
  groups  = "${local.aws}:autoscaling:${local.here}:autoScalingGroup:*:autoScalingGroupName/mazemesh-job-*"
  bucket  = var.buckets.names["models"]
  reports = "jobs"
}

module "template" {
  source = "../group"

  name          = var.name
  group         = "jobs"
  template_only = true
  mesh          = var.mesh
  units         = ["mazemesh-job"]
  extras        = ["aws", "learner"]
  settings = {
    MAZEMESH_DATA_DIR          = "/var/lib/mazemesh"
    MAZEMESH_LEARNER_BLOBS_URL = "s3://${local.bucket}" # a job whose machine is lost goes on from the copy of its checkpoint
  }
  secrets        = ["tls", "trainer-key", "worker-key"]
  buckets        = [var.buckets.arns["models"]]
  subnets        = var.network.training_subnets
  public         = !var.network.private
  security_group = var.network.group_ids["jobs"]
  architecture   = var.architecture
  instance_types = [var.instance_type]
  size           = { min = 0, max = 1, first = 0 }
  spot           = var.max_price == null ? null : { max_price = var.max_price }
  root_gib       = 20
  # The bill counts so many machines around the clock as the most; budgets of jobs bound each.
  tags = { "mazemesh:jobs-at-once" = tostring(var.at_once) }
}

# Whoever has ended its job makes its own group empty, so that nothing costs while no gateway looks.
data "aws_iam_policy_document" "machine" {
  statement {
    sid       = "EndItsGroup"
    actions   = ["autoscaling:UpdateAutoScalingGroup"]
    resources = [local.groups]
  }
}

resource "aws_iam_role_policy" "machine" {
  name   = "job"
  role   = module.template.role
  policy = data.aws_iam_policy_document.machine.json
}

data "aws_iam_policy_document" "gateway" {
  statement {
    sid       = "LookAtJobs"
    actions   = ["autoscaling:DescribeAutoScalingGroups", "ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"]
    resources = ["*"]
  }

  statement {
    sid = "GroupsOfJobs"
    actions = [
      "autoscaling:CreateAutoScalingGroup",
      "autoscaling:CreateOrUpdateTags",
      "autoscaling:UpdateAutoScalingGroup",
      "autoscaling:DeleteAutoScalingGroup",
    ]
    resources = [local.groups]
  }

  # Templates have names that they are made with, but are known by ids; those of jobs are told by their tag.
  statement {
    sid       = "TemplatesOfJobs"
    actions   = ["ec2:CreateLaunchTemplate"]
    resources = ["${local.aws}:ec2:${local.here}:launch-template/*"]
    condition {
      test     = "StringLike"
      variable = "aws:RequestTag/mazemesh:job"
      values   = ["?*"]
    }
  }
  statement {
    sid       = "DeleteTemplatesOfJobs"
    actions   = ["ec2:DeleteLaunchTemplate"]
    resources = ["${local.aws}:ec2:${local.here}:launch-template/*"]
    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/mazemesh:job"
      values   = ["?*"]
    }
  }
  statement {
    sid = "TagWhatIsMade"
    actions = [
      "ec2:CreateTags",
    ]
    resources = [for kind in ["launch-template", "instance", "volume"] : "${local.aws}:ec2:${local.here}:${kind}/*"]
    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CreateLaunchTemplate", "RunInstances"]
    }
  }

  # A group by a template is made only by who might start its machines.
  statement {
    sid     = "MachinesOfJobs"
    actions = ["ec2:RunInstances"]
    resources = concat(
      [for kind in ["launch-template", "subnet", "security-group", "network-interface", "volume"] : "${local.aws}:ec2:${local.here}:${kind}/*"],
      ["${local.aws}:ec2:${data.aws_region.here.name}::image/*"],
    )
  }
  statement {
    sid       = "MachinesOfTheRole"
    actions   = ["ec2:RunInstances"]
    resources = ["${local.aws}:ec2:${local.here}:instance/*"]
    condition {
      test     = "ArnEquals"
      variable = "ec2:InstanceProfile"
      values   = [module.template.profile_arn]
    }
  }
  statement {
    sid       = "TheirRole"
    actions   = ["iam:PassRole"]
    resources = [module.template.role_arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com"]
    }
  }
  # `resolve:ssm:` in a template is looked up in the caller's name.
  statement {
    sid       = "Images"
    actions   = ["ssm:GetParameters"]
    resources = ["${local.aws}:ssm:${data.aws_region.here.name}::parameter/aws/service/canonical/*"]
  }

  statement {
    sid       = "Reports"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["${var.buckets.arns["models"]}/${local.reports}/*"]
  }
  statement {
    sid       = "ListReports"
    actions   = ["s3:ListBucket"]
    resources = [var.buckets.arns["models"]]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.reports}/*"]
    }
  }
}

resource "aws_iam_role_policy" "gateway" {
  name   = "jobs"
  role   = var.gateway_role
  policy = data.aws_iam_policy_document.gateway.json
}
