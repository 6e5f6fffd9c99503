//! This file is a list: every setting there is, with its name in the file and its name in the environment.
//! Reading, refusing unknown names, `config show` and the reference all go by this list, so nothing can be missed.

macro_rules! keys {
    ($($variant:ident = $name:literal, $env:literal $(, $secret:ident)?;)*) => {
        /// A setting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Key {
            $(#[doc = concat!("`", $name, "`, `", $env, "`.")] $variant),*
        }

        impl Key {
            /// Every setting, in the order of the reference.
            pub const ALL: &[Key] = &[$(Key::$variant),*];

            /// Its name in the settings file, with the names of its tables.
            pub fn name(self) -> &'static str {
                match self { $(Key::$variant => $name),* }
            }

            /// Its environment variable.
            pub fn env(self) -> &'static str {
                match self { $(Key::$variant => $env),* }
            }

            /// Whether its value is masked, and may come from a file named by the variable with `_FILE`.
            pub fn is_secret(self) -> bool {
                match self { $(Key::$variant => false $(|| stringify!($secret) == "secret")?),* }
            }
        }
    };
}

keys! {
    Listen = "listen", "VESTIBULE_LISTEN";
    PublicUrl = "public_url", "VESTIBULE_PUBLIC_URL";
    DatabaseUrl = "database_url", "VESTIBULE_DATABASE_URL", secret;
    Secret = "secret", "VESTIBULE_SECRET", secret;
    TrustedProxies = "trusted_proxies", "VESTIBULE_TRUSTED_PROXIES";
    SignUp = "sign_up", "VESTIBULE_SIGN_UP";
    EmailDomains = "email_domains", "VESTIBULE_EMAIL_DOMAINS";
    RequireVerifiedEmail = "require_verified_email", "VESTIBULE_REQUIRE_VERIFIED_EMAIL";
    SmtpUrl = "smtp_url", "VESTIBULE_SMTP_URL", secret;
    SmtpCaFile = "smtp_ca_file", "VESTIBULE_SMTP_CA_FILE";
    MailFrom = "mail_from", "VESTIBULE_MAIL_FROM";
    MailNewDeviceNotice = "mail.new_device_notice", "VESTIBULE_MAIL_NEW_DEVICE_NOTICE";
    PolicyFile = "policy_file", "VESTIBULE_POLICY_FILE";
    AdminUsername = "admin.username", "VESTIBULE_ADMIN_USERNAME";
    AdminEmail = "admin.email", "VESTIBULE_ADMIN_EMAIL";
    AdminPassword = "admin.password", "VESTIBULE_ADMIN_PASSWORD", secret;
    SessionIdleHours = "session.idle_hours", "VESTIBULE_SESSION_TTL_HOURS";
    SessionAbsoluteDays = "session.absolute_days", "VESTIBULE_SESSION_ABSOLUTE_DAYS";
    SessionCookieDomain = "session.cookie_domain", "VESTIBULE_SESSION_COOKIE_DOMAIN";
    TokensAlgorithm = "tokens.algorithm", "VESTIBULE_TOKENS_ALGORITHM";
    TokensAudience = "tokens.audience", "VESTIBULE_TOKENS_AUDIENCE";
    TokensAccessMinutes = "tokens.access_minutes", "VESTIBULE_TOKENS_ACCESS_MINUTES";
    TokensChainDays = "tokens.chain_days", "VESTIBULE_TOKENS_CHAIN_DAYS";
    TokensApiKeyDays = "tokens.api_key_days", "VESTIBULE_TOKENS_API_KEY_DAYS";
    TokensApiKeyNeverExpires = "tokens.api_key_never_expires", "VESTIBULE_TOKENS_API_KEY_NEVER_EXPIRES";
    OauthRedirectUris = "oauth.redirect_uris", "VESTIBULE_OAUTH_REDIRECT_URIS";
    OauthGithubClientId = "oauth.github.client_id", "VESTIBULE_GITHUB_CLIENT_ID";
    OauthGithubClientSecret = "oauth.github.client_secret", "VESTIBULE_GITHUB_CLIENT_SECRET", secret;
    OauthGithubBaseUrl = "oauth.github.base_url", "VESTIBULE_GITHUB_BASE_URL";
    OauthGithubApiUrl = "oauth.github.api_url", "VESTIBULE_GITHUB_API_URL";
    OauthGithubAllowPrivate = "oauth.github.allow_private", "VESTIBULE_GITHUB_ALLOW_PRIVATE";
    OauthOidc = "oauth.oidc", "VESTIBULE_OAUTH_OIDC", secret;
    DirectoryBackend = "directory.backend", "VESTIBULE_DIRECTORY_BACKEND";
    DirectoryNatsUrl = "directory.nats_url", "VESTIBULE_NATS_URL", secret;
    DirectoryReplicas = "directory.replicas", "VESTIBULE_DIRECTORY_REPLICAS";
    DirectoryRequireProof = "directory.require_proof", "VESTIBULE_DIRECTORY_REQUIRE_PROOF";
    ForwardAuthRedirect = "forward_auth.redirect", "VESTIBULE_FORWARD_AUTH_REDIRECT";
    ForwardAuthReturnOrigins = "forward_auth.return_origins", "VESTIBULE_FORWARD_AUTH_RETURN_ORIGINS";
    PasswordQueue = "password.queue", "VESTIBULE_PASSWORD_QUEUE";
    PasswordMinLength = "password.min_length", "VESTIBULE_PASSWORD_MIN_LENGTH";
    PasswordMinScore = "password.min_score", "VESTIBULE_PASSWORD_MIN_SCORE";
    PasswordRequireClasses = "password.require_classes", "VESTIBULE_PASSWORD_REQUIRE_CLASSES";
    PasswordArgon2MemoryKib = "password.argon2_memory_kib", "VESTIBULE_PASSWORD_ARGON2_MEMORY_KIB";
    PasswordArgon2Iterations = "password.argon2_iterations", "VESTIBULE_PASSWORD_ARGON2_ITERATIONS";
    PasswordArgon2Parallelism = "password.argon2_parallelism", "VESTIBULE_PASSWORD_ARGON2_PARALLELISM";
    LimitsSignIn = "limits.sign_in", "VESTIBULE_LIMITS_SIGN_IN";
    LimitsSignInIdentifier = "limits.sign_in_identifier", "VESTIBULE_LIMITS_SIGN_IN_IDENTIFIER";
    LimitsSignInGlobal = "limits.sign_in_global", "VESTIBULE_LIMITS_SIGN_IN_GLOBAL";
    LimitsSignUp = "limits.sign_up", "VESTIBULE_LIMITS_SIGN_UP";
    LimitsSignUpIdentifier = "limits.sign_up_identifier", "VESTIBULE_LIMITS_SIGN_UP_IDENTIFIER";
    LimitsSignUpGlobal = "limits.sign_up_global", "VESTIBULE_LIMITS_SIGN_UP_GLOBAL";
    LimitsPasswordReset = "limits.password_reset", "VESTIBULE_LIMITS_PASSWORD_RESET";
    LimitsPasswordResetIdentifier = "limits.password_reset_identifier", "VESTIBULE_LIMITS_PASSWORD_RESET_IDENTIFIER";
    LimitsPasswordResetGlobal = "limits.password_reset_global", "VESTIBULE_LIMITS_PASSWORD_RESET_GLOBAL";
    LimitsCodes = "limits.codes", "VESTIBULE_LIMITS_CODES";
    LimitsSensitive = "limits.sensitive", "VESTIBULE_LIMITS_SENSITIVE";
    LogFormat = "log.format", "VESTIBULE_LOG_FORMAT";
    LogFilter = "log.filter", "VESTIBULE_LOG_FILTER";
}

impl Key {
    /// The setting of that name in the file.
    pub fn named(name: &str) -> Option<Key> {
        Key::ALL.iter().copied().find(|key| key.name() == name)
    }

    /// The setting of that environment variable.
    pub fn of_env(variable: &str) -> Option<Key> {
        Key::ALL.iter().copied().find(|key| key.env() == variable)
    }

    /// Whether `name` is a table that holds settings.
    pub fn is_table(name: &str) -> bool {
        Key::ALL.iter().any(|key| key.name().strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }
}
