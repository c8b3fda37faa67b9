//! The web page and the HTML report: one front end with two sources of data.
//!
//! The live page gets its data from the server each second, and the report contains them. The same scripts
//! draw both. They are served as they are in `script/`, without a build step. This module does not know the
//! data, and no page requests anything from another host.

/// The colours that a report starts with. Readers can change them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// The setting of the reader's system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

const TEMPLATE: &str = include_str!("index.html");

/// The scripts that live page and report share, each after those that it needs when it is run.
const SCRIPT: &str = concat!(
    include_str!("vendor/uPlot.iife.min.js"),
    include_str!("script/element.js"),
    include_str!("script/figures.js"),
    include_str!("script/choice.js"),
    include_str!("script/theme.js"),
    include_str!("script/table.js"),
    include_str!("script/tables.js"),
    include_str!("script/ratio.js"),
    include_str!("script/tabs.js"),
    include_str!("script/record.js"),
    include_str!("script/picture.js"),
    include_str!("script/chart.js"),
    include_str!("script/spectrum.js"),
    include_str!("script/charts.js"),
    include_str!("script/generator.js"),
    include_str!("script/origin.js"),
    include_str!("script/api.js"),
    include_str!("script/header.js"),
    include_str!("script/downloads.js"),
    include_str!("script/log.js"),
    include_str!("script/live.js"),
    include_str!("script/report.js"),
    include_str!("script/main.js"),
);

/// The scripts of forms, which a report has none of.
const FORMS: &str = concat!(
    include_str!("script/fields.js"),
    include_str!("script/classes.js"),
    include_str!("script/form.js"),
);

/// The scripts that must run before the first paint.
const THEME: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("script/choice.js"),
    include_str!("script/theme.js"),
    "theme.start();\n})();\n",
);

/// The content of the live page before its script is loaded.
const SHELL: &str = "<header><div class=\"bar\"><h1>gregaria</h1></div></header>";

const STYLE: &str = concat!(
    include_str!("vendor/uPlot.min.css"),
    "\n",
    include_str!("style/base.css"),
    include_str!("style/layout.css"),
    include_str!("style/table.css"),
    include_str!("style/form.css"),
    include_str!("style/chart.css"),
    include_str!("style/print.css"),
);

/// The content policy of a report, which can request nothing.
const REPORT_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; \
                             style-src 'unsafe-inline'; img-src data:";

/// Returns all scripts of the live page as one classic script without global names. Both parameters are
/// JSON: `tables` has the labels and units of columns, and `labels` has the label of each field of the start
/// form by its name.
pub(crate) fn app_js(tables: &str, labels: &str) -> String {
    enclosed(&format!("const TABLES = {tables};\nconst LABELS = {labels};\n"), FORMS)
}

/// Returns these lines followed by these scripts and the shared ones.
fn enclosed(first: &str, scripts: &str) -> String {
    debug_assert!(!first.contains('<'), "the script is an element's text in a report");
    format!("(() => {{\n\"use strict\";\n{first}{scripts}{SCRIPT}}})();\n")
}

/// Returns the script that sets the theme before the first paint.
pub(crate) fn theme_js() -> &'static str {
    THEME
}

/// Returns all style sheets.
pub(crate) fn app_css() -> &'static str {
    STYLE
}

/// Returns the live page. Its routes are below `base_path`, which is empty or `/some/path`.
pub(crate) fn live(base_path: &str) -> String {
    let base = escape(base_path);
    let head = format!(
        "<meta name=\"base\" content=\"{base}\">\n\
         <link rel=\"stylesheet\" href=\"{base}/assets/app.css\">\n\
         <script src=\"{base}/assets/theme.js\"></script>\n\
         <script defer src=\"{base}/assets/app.js\"></script>"
    );
    fill(&[("theme", ""), ("title", "gregaria"), ("head", &head), ("body", SHELL)])
}

/// Returns a report in one file. `data` is JSON, `{"view": …, "history": …}`, with every `<` as `\u003c`, so
/// that nothing in it ends the script element. `tables` is as for [`app_js`].
pub(crate) fn self_contained(title: &str, tables: &str, data: &str, theme: Theme) -> String {
    debug_assert!(!data.contains('<'), "the data of a report must not contain a tag");
    let head = format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{REPORT_POLICY}\">\n\
         <style>\n{STYLE}</style>\n<script>\n{}</script>",
        enclosed(&format!("const TABLES = {tables};\n"), "")
    );
    let theme = match theme {
        Theme::System => "",
        Theme::Light => " data-theme=\"light\"",
        Theme::Dark => " data-theme=\"dark\"",
    };
    let data = format!("<script type=\"application/json\" id=\"data\">{data}</script>");
    fill(&[("theme", theme), ("title", &escape(title)), ("head", &head), ("body", &data)])
}

/// Replaces each `{{name}}` of the template. Placeholders within values are not replaced.
fn fill(values: &[(&str, &str)]) -> String {
    let mut page = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, name, after)) = placeholder(rest) {
        page += before;
        page += values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
        rest = after;
    }
    page + rest
}

fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name, after))
}

/// Escapes text for HTML elements and quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "</title><script>alert(\"1\")</script> & '{{body}}'";

    #[test]
    fn a_hostile_title_stays_a_title() {
        let page = self_contained(HOSTILE, "{}", "{}", Theme::System);
        let title = page.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
        assert_eq!(
            title,
            Some(
                "&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; \
                 &#39;{{body}}&#39;"
            )
        );
    }

    #[test]
    fn a_hostile_base_path_stays_an_attribute() {
        let page = live("/\"><script>alert(1)</script>");
        assert!(page.contains("content=\"/&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\""));
        assert_eq!(page.matches("<script").count(), 2);
    }

    #[test]
    fn what_is_filled_in_is_not_filled_in_again() {
        let page = self_contained("a", "{}", "{\"name\":\"{{title}}\"}", Theme::System);
        assert!(page.contains("{\"name\":\"{{title}}\"}</script>"));
    }

    /// The scripts and style sheets are the text of elements, in a report.
    #[test]
    fn nothing_inlined_ends_its_element() {
        assert!(!SCRIPT.to_ascii_lowercase().contains("</script"));
        assert!(!SCRIPT.contains("<!--"));
        assert!(!STYLE.to_ascii_lowercase().contains("</style"));
    }

    #[test]
    fn no_other_host_is_named() {
        // A name space, an example, and where the chart library is from, in its first comment.
        let innocent =
            ["http://www.w3.org/2000/svg", "http://127.0.0.1:5000", "https://github.com/leeoniya/"];
        for mut page in [live(""), self_contained("a", "{}", "{}", Theme::Dark)] {
            for address in innocent {
                page = page.replace(address, "");
            }
            assert!(!page.contains("http://") && !page.contains("https://"));
        }
    }

    #[test]
    fn nothing_is_parsed_as_html() {
        let ours = SCRIPT.replace(include_str!("vendor/uPlot.iife.min.js"), "");
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!ours.contains(way), "{way}");
        }
    }

    #[test]
    fn the_page_is_light() {
        let weight = live("").len() + THEME.len() + SCRIPT.len() + STYLE.len();
        assert!(weight < 180_000, "{weight} bytes");
    }

    #[test]
    fn the_live_page_has_nothing_inline() {
        let page = live("/prefix");
        assert!(page.contains("<script defer src=\"/prefix/assets/app.js\"></script>"));
        assert!(page.contains("<meta name=\"base\" content=\"/prefix\">"));
        assert!(!page.contains("<style") && !page.contains(" style="));
    }

    #[test]
    fn a_report_starts_with_the_theme_it_was_asked_for() {
        assert!(
            self_contained("a", "{}", "{}", Theme::Dark)
                .contains("<html lang=\"en\" data-theme=\"dark\">")
        );
        assert!(self_contained("a", "{}", "{}", Theme::System).contains("<html lang=\"en\">"));
    }
}
