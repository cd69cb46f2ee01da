terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }

  # The state contains the OIDC client's secret: keep it in a private, encrypted, versioned bucket, and
  # name that in `terraform init -backend-config=backend.hcl` (docs/deploy.md).
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}
