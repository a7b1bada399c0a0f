//! The examples of README and the guides are Sites and Wukongs that compile.

mod common;

use std::fs;

use common::{root, run, stderr};

const WUKONG: &str = "apiVersion: vm.novasphere.dev/v1alpha1
kind: Wukong
metadata: {name: web, namespace: prod}
spec:
  cpu: 2
  memory: 4Gi
  networks:
    - {name: front, type: bridge, physicalInterface: ens9, vlanId: 100}
";

/// The fenced blocks of a page in a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).expect("the page is there");
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

fn check(site: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("site.yaml"), site).expect("it can be written");
    fs::write(folder.path().join("web.yaml"), WUKONG).expect("it can be written");
    let output = run(folder.path(), &["check", "--quiet", "--deny", "warnings", "."]);
    assert_eq!(stderr(&output), "", "{site}");
}

#[test]
fn the_examples_of_the_site_guide_compile() {
    let examples = blocks("docs/site.md", "yaml");
    assert!(examples.len() > 4);
    for example in examples {
        let spec: String = example.lines().map(|line| format!("  {line}\n")).collect();
        check(&format!(
            "apiVersion: render.novasphere.dev/v1alpha1\nkind: Site\nmetadata:\n  name: guide\n  annotations:\n    \
             config.kubernetes.io/local-config: \"true\"\nspec:\n{spec}"
        ));
    }
}

#[test]
fn the_site_of_the_readme_compiles() {
    let sites: Vec<String> =
        blocks("README.md", "yaml").into_iter().filter(|block| block.contains("kind: Site")).collect();
    assert_eq!(sites.len(), 1);
    check(&sites[0]);
}

/// Whole Wukongs in the pages, with what they accept: nothing is left to say.
#[test]
fn the_wukongs_of_the_pages_compile() {
    let mut count = 0;
    for page in ["README.md", "docs/findings.md"] {
        for wukong in blocks(page, "yaml").iter().filter(|block| block.contains("kind: Wukong")) {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            fs::write(folder.path().join("wukong.yaml"), wukong).expect("it can be written");
            let output = run(folder.path(), &["check", "--quiet", "--deny", "warnings", "."]);
            assert_eq!(stderr(&output), "", "{page}\n{wukong}");
            count += 1;
        }
    }
    assert_eq!(count, 2);
}

/// Every block of a language that can be read is read, in every page.
#[test]
fn every_snippet_can_be_read() {
    let pages = ["README.md", "CONTRIBUTING.md"].into_iter().map(str::to_owned);
    let guides = common::files(&root().join("docs")).into_keys().map(|path| format!("docs/{path}"));
    for page in pages.chain(guides) {
        // The rules' examples are of mistakes.
        let yaml = if page == "docs/rules.md" { Vec::new() } else { blocks(&page, "yaml") };
        for block in yaml {
            for document in wukong_render::read::document::syntax::parse(&block) {
                let document = document.unwrap_or_else(|problem| panic!("{page}: {}\n{block}", problem.message));
                assert!(document.value(document.root()).is_ok(), "{page}\n{block}");
            }
        }
        for block in blocks(&page, "json") {
            let json: Result<serde_json::Value, _> = serde_json::from_str(&block);
            assert!(json.is_ok(), "{page}: {json:?}\n{block}");
        }
        for block in blocks(&page, "sh") {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let path = folder.path().join("block.sh");
            fs::write(&path, &block).expect("it can be written");
            let bash = std::process::Command::new("bash").arg("-n").arg(&path).output().expect("bash can be run");
            assert!(bash.status.success(), "{page}: {}\n{block}", String::from_utf8_lossy(&bash.stderr));
        }
    }
}

/// Links within the repository lead somewhere, headings included.
#[test]
fn links_lead_somewhere() {
    let pages = ["README.md", "CONTRIBUTING.md"].into_iter().map(str::to_owned);
    let guides = common::files(&root().join("docs")).into_keys().map(|path| format!("docs/{path}"));
    for page in pages.chain(guides) {
        let text = fs::read_to_string(root().join(&page)).expect("the page is there");
        let folder = root().join(&page).parent().expect("a page has a folder").to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { root().join(&page) } else { folder.join(path) };
            assert!(target.exists(), "{page}: {link}");
            if !anchor.is_empty() {
                let target = fs::read_to_string(target).expect("a page");
                let slug = |line: &str| {
                    let text = line.trim_start_matches('#').trim().to_lowercase();
                    let kept = text.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
                    kept.collect::<String>().replace(' ', "-")
                };
                let is_there = target.lines().any(|line| line.starts_with('#') && slug(line) == anchor);
                assert!(is_there, "{page}: {link}");
            }
        }
    }
}

/// Everything that others are to paste or point at is YAML that Kubernetes' reader takes.
#[test]
fn what_is_deployed_can_be_read() {
    let deploy = common::files(&root().join("deploy")).into_keys().map(|path| format!("deploy/{path}"));
    let others = ["action.yml", ".pre-commit-hooks.yaml"].into_iter().map(str::to_owned);
    let mut count = 0;
    for path in deploy.chain(others).filter(|path| path.ends_with("yaml") || path.ends_with("yml")) {
        let text = fs::read_to_string(root().join(&path)).expect("a listed file can be read");
        for document in wukong_render::read::document::syntax::parse(&text) {
            let document = document.unwrap_or_else(|problem| panic!("{path}: {}", problem.message));
            assert!(document.value(document.root()).is_ok(), "{path}");
            count += 1;
        }
    }
    assert!(count > 15, "only {count} documents");
}
