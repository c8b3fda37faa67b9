//! The options of the command as Locust's `parsed_options` has them.

use serde_json::{Value, json};

use crate::cli::RunArgs;
use crate::scenario::ClassSettings;

/// Returns the options by the names of Locust 2.47, but for those that gregaria does not have.
pub(super) fn parsed_options(name: &str, args: &RunArgs) -> Value {
    let plan = args.options();
    let words = |words: Vec<String>| (!words.is_empty()).then_some(words);
    let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|it| it.display().to_string());
    let classes: Vec<&str> = args.user_classes.iter().map(|class| &*class.name).collect();
    let config_users = (!args.config_users.is_empty())
        .then(|| args.class_settings().map(ClassSettings::as_json).collect::<Vec<Value>>());
    let options = [
        ("locustfile", json!(name)),
        ("config", json!(path(&args.config))),
        ("host", json!(args.host)),
        ("num_users", json!(args.users)),
        ("spawn_rate", json!(args.spawn_rate)),
        ("run_time", json!(args.run_time.map(|time| time.as_secs()))),
        ("list_commands", json!(args.list)),
        ("config_users", json!(config_users)),
        ("web_host", json!(args.web.web_host)),
        ("web_port", json!(args.web.web_port)),
        ("web_base_path", json!(args.web.web_base_path)),
        ("tls_cert", json!(path(&args.web.tls_cert).unwrap_or_default())),
        ("tls_key", json!(path(&args.web.tls_key).unwrap_or_default())),
        ("headless", json!(!args.web.web)),
        ("autostart", json!(args.web.autostart)),
        ("autoquit", json!(args.web.autoquit.map_or(-1, i64::from))),
        ("class_picker", json!(args.web.class_picker)),
        ("tags", json!(words(plan.tags))),
        ("exclude_tags", json!(words(plan.exclude_tags))),
        ("csv_prefix", json!(path(&args.csv))),
        ("stats_history_enabled", json!(args.csv_full_history)),
        ("print_stats", json!(args.print_stats)),
        ("only_summary", json!(args.only_summary)),
        ("reset_stats", json!(args.reset_stats)),
        ("html_file", json!(path(&args.html))),
        ("json", json!(args.json)),
        ("json_file", json!(path(&args.json_file))),
        ("skip_log_setup", json!(args.skip_log_setup)),
        ("loglevel", json!(args.loglevel.to_string())),
        ("logfile", json!(path(&args.logfile))),
        ("show_task_ratio", json!(args.show_task_ratio)),
        ("show_task_ratio_json", json!(args.show_task_ratio_json)),
        ("exit_code_on_error", json!(args.exit_code_on_error.unwrap_or(1))),
        ("stop_timeout", json!(args.stop_timeout.map_or(0.0, |time| time.as_secs_f64()))),
        ("equal_weights", json!(args.equal_weights)),
        ("profile", json!(args.profile)),
        ("user_classes", json!(classes)),
    ];
    options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
