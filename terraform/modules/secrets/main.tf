# What is secret is neither in the state nor in user data: keys are drawn while Terraform runs and written straight to
# Secrets Manager; certificates are put there by `mazemesh cloud up`; the database's password is RDS' own.

locals {
  # Secret, and the roles whose keys it holds (docs/security.md says what each may do).
  keys = {
    admin   = ["admin"]
    worker  = ["worker"]
    trainer = ["trainer"]
    viewer  = ["viewer"] # the gateway's own: what it watches for everybody, every viewer may see
    # One secret for the three, since whoever reads one of them runs on the services' machines.
    service = ["game-service", "matchmaker-service", "model-service"]
  }
  roles = toset(flatten(values(local.keys)))
  drawn = setunion(local.roles, var.cookie ? ["cookie"] : [])
  certificates = {
    tls       = "Certificate, private key and authority of the services of ${var.name}: JSON with certificate, key, authority"
    authority = "Authority that signs certificates of ${var.name}, with its private key; for operators alone"
  }
}

ephemeral "aws_secretsmanager_random_password" "key" {
  for_each = local.drawn

  password_length     = 43 # of letters and digits: 256 bits
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "key" {
  for_each = local.keys

  name                    = "${var.name}/${each.key}-key"
  description             = "API keys of ${var.name} by role: ${join(", ", each.value)}"
  recovery_window_in_days = var.recovery_days
}

# A key is mm_, an id that may be known, _ and the secret part. The services' machines enter it as it is.
resource "aws_secretsmanager_secret_version" "key" {
  for_each = local.keys

  secret_id = aws_secretsmanager_secret.key[each.key].id
  secret_string_wo = jsonencode({
    for role in each.value : role => format("mm_%s_%s",
      substr(sha256(ephemeral.aws_secretsmanager_random_password.key[role].random_password), 0, 12),
      ephemeral.aws_secretsmanager_random_password.key[role].random_password,
    )
  })
  secret_string_wo_version = var.keys_version
}

# What login cookies are sealed by: the same at every gateway, and at the one that replaces it.
resource "aws_secretsmanager_secret" "cookie" {
  count = var.cookie ? 1 : 0

  name                    = "${var.name}/cookie"
  description             = "What the gateway of ${var.name} seals login cookies by"
  recovery_window_in_days = var.recovery_days
}

resource "aws_secretsmanager_secret_version" "cookie" {
  count = var.cookie ? 1 : 0

  secret_id = aws_secretsmanager_secret.cookie[0].id
  # 43 letters and digits and a sign of equality are 32 bytes in base64.
  secret_string_wo         = jsonencode({ secret = "${ephemeral.aws_secretsmanager_random_password.key["cookie"].random_password}=" })
  secret_string_wo_version = var.keys_version
}

resource "aws_secretsmanager_secret" "certificate" {
  for_each = local.certificates

  name                    = "${var.name}/${each.key}"
  description             = each.value
  recovery_window_in_days = var.recovery_days
}
