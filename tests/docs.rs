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
