use std::mem::Discriminant;

use narthex_model::Timestamp;
use proptest::prelude::*;

use super::attribute::AttributeKind;
use super::script::Script;
use super::{Markup, Piped, Place};
use crate::{Functions, PrometheusContext, Scope, Template, Value};

const NASTY: &str = "<b>\"o'x\" & +1</b>";

fn render(text: &str, data: Value) -> Result<String, String> {
    let functions = Functions::alertmanager(Timestamp::from_millis(0));
    let template = Template::parse("t", text, &functions, &[]).expect("it is a template");
    let scope = Scope::new(&functions, data).as_html();
    template.render("t", &scope).map_err(|error| error.to_string())
}

/// `.` is the nasty text.
#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(render(text, NASTY.into()).as_deref(), Ok(expected), "{text}");
}

#[test]
fn between_tags_values_are_text() {
    check("<p>{{ . }}</p>", "<p>&lt;b&gt;&#34;o&#39;x&#34; &amp; &#43;1&lt;/b&gt;</p>");
    check("{{ safeHtml . }} {{ safeUrl \"<\" }}", "<b>\"o'x\" & +1</b> &lt;");
    check(
        "{{ . | html }}{{ html \"<\" 1 }}",
        "&lt;b&gt;&#34;o&#39;x&#34; &amp; &#43;1&lt;/b&gt;&lt;1",
    );
    check("[{{ nil | print }}] [{{ (dict).x }}] {{ list 1 \"&\" }}", "[&lt;nil&gt;] [] [1 &amp;]");
    check("{{ urlquery \"a b&\" }}", "a&#43;b%26");
    check(
        "<title>{{ . }}</title>{{ \"<\" }}",
        "<title>&lt;b&gt;&#34;o&#39;x&#34; &amp; &#43;1&lt;/b&gt;</title>&lt;",
    );
    check(
        "<textarea>{{ safeHtml \"<i>&amp;\" }}</textarea>",
        "<textarea>&lt;i&gt;&amp;</textarea>",
    );
}

#[test]
fn literal_texts_stay_but_for_comments_and_stray_brackets() {
    check("<!DOCTYPE html><p>1 < 2 <3 </ a></p>", "<!DOCTYPE html><p>1 &lt; 2 &lt;3 &lt;/ a></p>");
    check("a<!-- {{ . }} <p> -->b<!---->c", "abc");
    check("<{{ \"b\" }}>", "&lt;b>");
    check(
        "<title>a < b</title><i>&amp; 'q' \"q\"</i>",
        "<title>a &lt; b</title><i>&amp; 'q' \"q\"</i>",
    );
    check("<br/><img alt = 'x>y' ><a b c=d>", "<br/><img alt = 'x>y' ><a b c=d>");
    check(
        "<style>a > b { } /* c */</style><script>if (a < b) {}</script>",
        "<style>a > b { } /* c */</style><script>if (a < b) {}</script>",
    );
}

#[test]
fn in_quotes_values_cannot_end_the_attribute() {
    check(
        "<p title=\"{{ . }}\">",
        "<p title=\"&lt;b&gt;&#34;o&#39;x&#34; &amp; &#43;1&lt;/b&gt;\">",
    );
    check("<p title='a{{ \"'\" }}b'>", "<p title='a&#39;b'>");
    check("<p title=\"{{ safeHtml \"<b>1 &lt; 2</b>\" }}\">", "<p title=\"1 &lt; 2\">");
    check(
        "<p title=\"{{ html . }}\">",
        "<p title=\"&lt;b&gt;&#34;o&#39;x&#34; &amp; &#43;1&lt;/b&gt;\">",
    );
    check("<p title={{ \"a b=`\" }} id=x>", "<p title=a&#32;b&#61;&#96; id=x>");
    check("<p title={{ \"\" }}>", "<p title=ZgotmplZ>");
    check(
        "<p title=\"{{ if true }}x\" id=\"{{ end }}{{ \"\\\"\" }}\">",
        "<p title=\"x\" id=\"&#34;\">",
    );
}

#[test]
fn names_of_attributes_are_words_without_power() {
    check("<input {{ \"checked\" }}>", "<input checked>");
    check("<input {{ \"onclick\" }}={{ \"x\" }}>", "<input ZgotmplZ=x>");
    for name in ["href", "a b", "", "style", "type", "x>", "srcdoc"] {
        check(&format!("<p {{{{ {name:?} }}}}=\"x\">"), "<p ZgotmplZ=\"x\">");
    }
    check("<p hre{{ \"f\" }}=\"{{ \"javascript:x\" }}\">", "<p href=\"#ZgotmplZ\">");
    check("<a b {{ \"c\" }} d>", "<a b c d>");
    let long = "a".repeat(300);
    check(&format!("<p {long}=\"x\">"), &format!("<p {long}=\"x\">"));
    let error = render(&format!("<p {long}=\"{{{{ . }}}}\">"), NASTY.into()).unwrap_err();
    let expected = "template: t:1:309: a value cannot stand in an attribute with so long a name";
    assert_eq!(error, expected);
    check("<scri{{ \"pt\" }}>{{ \"<\" }}", "<scriZgotmplZ>&lt;");
    check("<scri{{ if true }}pt{{ end }}>{{ \"<\" }}", "<script>\"\\u003c\"");
    check("<br{{ if true }} id=x{{ end }}>{{ \"<\" }}", "<br id=x>&lt;");
}

#[test]
fn urls_cannot_run_scripts() {
    check("<a href=\"{{ \"javascript:alert(1)\" }}\">", "<a href=\"#ZgotmplZ\">");
    check("<a href='{{ \"JavaScript:x\" | safeUrl }}'>", "<a href='JavaScript:x'>");
    check("<a href=\" {{ \"data:x\" }}\">", "<a href=\" #ZgotmplZ\">");
    check("<a href=\"{{ \"java\" }}{{ \"script:x\" }}\">", "<a href=\"java#ZgotmplZ\">");
    check("<a href={{ \"vbscript:x\" }}>", "<a href=#ZgotmplZ>");
    check("<img SRC=\"{{ \"ftp://x\" }}\">", "<img SRC=\"#ZgotmplZ\">");
    check(
        "<p data-thumb-url=\"{{ \"x:y\" }}\" xlink:href=\"{{ \"x:y\" }}\" xmlns:a=\"{{ \"x:y\" }}\">",
        "<p data-thumb-url=\"#ZgotmplZ\" xlink:href=\"#ZgotmplZ\" xmlns:a=\"#ZgotmplZ\">",
    );
    check(
        "<a href=\"{{ \"https://h/a b?c=(d)&e='%20%\" }}\">",
        "<a href=\"https://h/a%20b?c=%28d%29&amp;e=%27%20%25\">",
    );
    check(
        "<a href=\"mailto:{{ \"a@b\" }}\" rel=\"{{ \"javascript:x\" }}\">",
        "<a href=\"mailto:a@b\" rel=\"javascript:x\">",
    );
}

#[test]
fn in_a_query_values_are_texts() {
    check("<a href=\"/s?{{ \"q=a b%20&é\" }}\">", "<a href=\"/s?q%3da%20b%2520%26%c3%a9\">");
    check("<a href=\"/s?{{ \"q=a b%20&\" | safeUrl }}\">", "<a href=\"/s?q=a%20b%20&amp;\">");
    check(
        "<a href=\"{{ \"http://h\" }}/#/x?r={{ \"a b:c\" | urlquery }}\">",
        "<a href=\"http://h/#/x?r=a&#43;b%3Ac\">",
    );
    check(
        "<a href=\"/x?a={{ urlquery \"a b\" }}&amp;b={{ \"c/d\" }}\">",
        "<a href=\"/x?a=a&#43;b&amp;b=c%2fd\">",
    );
    check("<a href=\"{{ urlquery \"javascript:x\" }}\">", "<a href=\"#ZgotmplZ\">");
    check("<a href=\"/{{ \"a:b c\" }}\">", "<a href=\"/a:b%20c\">");
}

#[test]
fn a_set_of_urls_takes_one_for_each_value() {
    check(
        "<img srcset=\"{{ \"a.png?x,y\" }} 2x, {{ \"javascript:x\" }}\">",
        "<img srcset=\"a.png?x%2cy 2x, #ZgotmplZ\">",
    );
}

#[test]
fn styles_take_plain_values() {
    check(
        "<p style=\"color: {{ \"#b91c1c\" }}; width: {{ 12 }}px\">",
        "<p style=\"color: #b91c1c; width: 12px\">",
    );
    check("<style>p { color: {{ \"red\" }} }</style>", "<style>p { color: red }</style>");
    for value in ["a;b", "url(x)", "\"", "exPRe-ssion", "-moz-binding", "a--b", "</style", "\\65"] {
        check(&format!("<p style=\"x: {{{{ {value:?} }}}}\">"), "<p style=\"x: ZgotmplZ\">");
    }
}

#[test]
fn in_scripts_values_are_json() {
    check(
        "<script>var x = {{ \"a'</script>\\u2028\" }};</script>",
        "<script>var x = \"a'\\u003c/script\\u003e\\u2028\";</script>",
    );
    check(
        "<script>f({{ 1 }},{{ -0.5 }},{{ true }},{{ nil | print }})</script>{{ \"<\" }}",
        "<script>f( 1 , -0.5 , true ,\"\\u003cnil\\u003e\")</script>&lt;",
    );
    check(
        "<script>x={{ dict \"a\" (list 1 \"b\") }}</script>",
        "<script>x={\"a\":[1,\"b\"]}</script>",
    );
    check("<script>x={{ (dict).none }}</script>", "<script>x= null </script>");
    check("<script>x={{ safeHtml \"<b>\" }}</script>", "<script>x=\"\\u003cb\\u003e\"</script>");
    check("<script>x={{ \"a b\" | urlquery }}</script>", "<script>x=\"a+b\"</script>");
    check(
        "<SCRIPT type=\"text/javascript\">{{ 1 }}</SCRIPT>",
        "<SCRIPT type=\"text/javascript\"> 1 </SCRIPT>",
    );
    check("<script type=module>{{ \"x\" }}</script>", "<script type=module>\"x\"</script>");
    check(
        "<script type='{{ \"module\" }}'>{{ \"x\" }}</script>",
        "<script type='module'>\"x\"</script>",
    );
    check(
        "<script type=text/x-template><i>{{ \"<\" }}</i></script>",
        "<script type=text/x-template><i>&lt;</i></script>",
    );
    check("<script type=\"\">{{ \"x\" }}</script>", "<script type=\"\">\"x\"</script>");
}

#[test]
fn in_strings_of_scripts_values_are_parts_of_them() {
    check(
        "<script>\"{{ . }}\" + '\\'{{ \"'\" }}' + {{ 1 }}</script>",
        "<script>\"\\u003cb\\u003e\\u0022o\\u0027x\\u0022 \\u0026 \\u002b1\\u003c\\/b\\u003e\" + '\\'\\u0027' +  1 </script>",
    );
    check(
        "<script>`a{{ \"${x}`\" }}${ {{ \"`\" }} + {a:{}} }$b{{ \"{\" }}`;{{ \"x\" }}</script>",
        "<script>`a\\u0024\\u007bx\\u007d\\u0060${ \"`\" + {a:{}} }$b\\u007b`;\"x\"</script>",
    );
    check(
        "<script>`${`${ {{ 1 }} }{{ 1 }}`}{{ 1 }}` / {{ 1 }}</script>",
        "<script>`${`${  1  }1`}1` /  1 </script>",
    );
}

#[test]
fn regular_expressions_of_scripts_are_told_from_divisions() {
    check(
        "<script>x = /a\"{{ \".*\" }}/g; y = \"{{ \"'\" }}\"</script>",
        "<script>x = /a\"\\.\\*/g; y = \"\\u0027\"</script>",
    );
    check("<script>return /{{ \"\" }}/.test(x)</script>", "<script>return /(?:)/.test(x)</script>");
    check(
        "<script>a / {{ 2 }} / \"{{ \"'\" }}\"</script>",
        "<script>a /  2  / \"\\u0027\"</script>",
    );
    check(
        "<script>{{ 4 }} / {{ 2 }}; (a)/b; i++ / {{ 1 }}; a + /[/\"]{{ \"(\" }}/</script>",
        "<script> 4  /  2 ; (a)/b; i++ /  1 ; a + /[/\"]\\(/</script>",
    );
    check("<script>a /{{ 2 }}</script>", "<script>a / 2 </script>");
    check("<script>x = /{{ 2 }}/</script>", "<script>x = /2/</script>");
}

#[test]
fn comments_of_scripts_are_left_out() {
    check(
        "<script>a /* \" {{ . }} */ + 1 // ' {{ . }}\n{{ \"x\" }}</script>",
        "<script>a    + 1 \n\"x\"</script>",
    );
    check(
        "<script>a /* \n */\n--> \"\n<!-- '\ni-->{{ 1 }}</script>",
        "<script>a \n\n\n\ni--> 1 </script>",
    );
    check("<script>a // x</script>{{ \"<\" }}", "<script>a </script>&lt;");
}

#[test]
fn in_attributes_of_events_values_are_scripts_in_quotes() {
    check(
        "<a onclick=\"f({{ \"a\" }}, '{{ \"'\" }}')\">",
        "<a onclick=\"f(&#34;a&#34;, '\\u0027')\">",
    );
    check(
        "<a onclick='f(&quot;{{ \"\\\"\" }}&#34;, {{ 1 }}) // {{ 1 }}'>{{ 1 }}",
        "<a onclick='f(&quot;\\u0022&#34;,  1 ) // '>1",
    );
    check("<a onclick=f({{ \"a b\" }})>", "<a onclick=f(&#34;a&#32;b&#34;)>");
}

#[test]
fn where_a_script_cannot_be_read_on_values_are_refused() {
    let check_refused = |text: &str, expected: &str| {
        let error = render(text, NASTY.into()).unwrap_err();
        assert!(error.ends_with(expected), "{text}: {error}");
    };
    check_refused("<script>x = /[{{ . }}]/</script>", "in the brackets of a regular expression");
    check_refused("<script>\"\\{{ . }}\"</script>", "behind a backslash");
    check_refused(
        "<script>a /{{ if true }}/ {{ . }}{{ end }}</script>",
        "a comment begun in two parts",
    );
    check_refused("<a onclick=\"&Tab;{{ . }}\">", "behind this entity in a script");
    check_refused(
        &format!("<script>{} {{{{ . }}}}</script>", "`${".repeat(9)),
        "so many template literals",
    );
    check("<script></scripts></script>{{ \"<\" }}", "<script></scripts></script>&lt;");
}

#[test]
fn a_template_can_be_a_value() {
    let render = |text: &str| {
        let functions = Functions::console(&PrometheusContext::default());
        let template = Template::parse("t", text, &functions, &[]).expect("it is a template");
        let scope = Scope::new(&functions, NASTY.into()).as_html();
        template.render("t", &scope).map_err(|error| error.to_string())
    };
    let defined = "{{ define \"b\" }}<b>{{ .arg0 }}</b>{{ end }}{{ define \"open\" }}<b{{ end }}";
    let check = |text: &str, expected: &str| {
        let rendered = render(&format!("{defined}{text}"));
        assert_eq!(rendered.as_deref().unwrap_or_else(|error| error), expected);
    };
    check("{{ tmpl \"b\" (args \"<\") }}|", "<b>&lt;</b>|");
    check("<i title=\"{{ args \"<\" | tmpl \"b\" }}\">", "<i title=\"&lt;\">");
    check("{{ $x := tmpl \"b\" (args \"<\") }}{{ with $x }}{{ . }}{{ end }}", "<b>&lt;</b>");
    let at = defined.len() + 4;
    check("{{ tmpl \"no\" 1 }}", &format!("template: t:1:{at}: template \"no\" not defined"));
    check(
        "{{ tmpl \"open\" 1 }}",
        &format!("template: t:1:{at}: template \"open\" ends inside of a tag"),
    );
    check("{{ safeHtml \"<b>\" }}", "<b>");
}

#[test]
fn branches_and_templates_are_escaped_where_they_end_up() {
    check(
        "{{ define \"v\" }}{{ . }}{{ end }}<p>{{ template \"v\" \"a'b c\" }}</p><a href=\"/?{{ template \"v\" \"a'b c\" }}\">",
        "<p>a&#39;b c</p><a href=\"/?a%27b%20c\">",
    );
    check(
        "{{ range list \"<\" \">\" }}<i x=\"{{ . }}\">{{ . }}</i>{{ end }}",
        "<i x=\"&lt;\">&lt;</i><i x=\"&gt;\">&gt;</i>",
    );
    check("{{ $x := \"<\" }}{{ with $x }}{{ . }}{{ end }}", "&lt;");
    check(
        "<a href={{ if true }}\"{{ end }}{{ \"x:y\" }}{{ if true }}\"{{ end }}>",
        "<a href=\"#ZgotmplZ\">",
    );
}

/// Pieces of HTML, in which `None` is a value.
fn pieces() -> impl Strategy<Value = Vec<Option<&'static str>>> {
    let literals = prop::sample::select(vec![
        "<",
        ">",
        "/",
        "\"",
        "'",
        "=",
        " ",
        "<a href=",
        "<p title=\"",
        "<p style='",
        "<!--",
        "-->",
        "<title>",
        "</title>",
        "<textarea>",
        "</textarea>",
        "<style>",
        "</style>",
        "<script>",
        "</script>",
        "<a onclick=\"",
        "//",
        "/*",
        "*/",
        "${",
        "}",
        "\\",
        "[",
        "x",
        "on",
        "?",
        "#",
        "&amp;",
        "\n",
        "<img src=\"",
        "`",
        "<!doctype",
        "srcset=",
        "</",
        "é",
    ]);
    prop::collection::vec(prop_oneof![3 => literals.prop_map(Some), 1 => Just(None)], 0..16)
}

/// A place, and where in a script it is.
type Spot = (Discriminant<Place>, Option<Script>);

/// What stands between the values, and where each of them stands.
fn walk(pieces: &[Option<&str>], value: &Value) -> (String, Vec<Spot>) {
    let (mut markup, mut out, mut places) = (Markup::default(), String::new(), Vec::new());
    for piece in pieces {
        match piece {
            Some(text) => out.push_str(&markup.literal(text)),
            None => {
                let piped = Piped { value: value.clone(), is_query: false };
                if let Ok(text) = markup.value(&piped) {
                    out.push_str(&text);
                }
            }
        }
        let script = if let Place::Script(script)
        | Place::Value { kind: AttributeKind::Event(script), .. } = markup.place
        {
            Some(script)
        } else {
            None
        };
        places.push((std::mem::discriminant(&markup.place), script));
    }
    (out, places)
}

#[test]
fn no_value_changes_where_the_next_one_stands() {
    let values = prop_oneof![
        "[<>\"'`= /a-z:;(){}&#+-]{0,12}",
        Just("-->".to_owned()),
        Just("</title><script>".to_owned()),
        Just("javascript:x".to_owned()),
        Just("`${*/\\\n\u{2028}".to_owned()),
    ];
    proptest!(|(pieces in pieces(), value in values)| {
        let (out, places) = walk(&pieces, &Value::from(value.as_str()));
        let (plain, plain_places) = walk(&pieces, &"x".into());
        prop_assert_eq!(places, plain_places, "{} and {}", out, plain);
        // And a reader of the output sees no other tags.
        let tags = |text: &str| text.matches('<').count();
        prop_assert_eq!(tags(&out), tags(&plain), "{} and {}", out, plain);
    });
}
