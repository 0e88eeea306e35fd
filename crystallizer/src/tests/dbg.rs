#[test]
fn dbg() {
    let bytes = std::fs::read(std::env::var("F").unwrap()).unwrap();
    for s in crate::import(&bytes).unwrap() {
        let o = crate::Options { force: true, ..super::build::options() };
        let Ok(made) = crate::crystallize(&[s], &o) else { continue };
        println!("{:#?}", super::build::chain(&made));
        println!("{:#?}", made.report.replay);
        println!("{}", crate::text::text(&made.report, &made.document));
        println!("{:?}", druse_engine::plan::Plan::compile(std::sync::Arc::new(made.document)).err());
    }
}
