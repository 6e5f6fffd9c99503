//! `/assets/…`: kept for ever under a name that changes with the content, and compressed as nothing else is.

use testkit::{TestApp, db_test};

db_test!(a_page_names_its_style_sheet_by_content_and_it_is_kept_for_ever, |db| async move {
    let app = TestApp::new(&db).await;
    let page = app.get("/docs").await.text;
    let address =
        page.split('"').find(|text| text.starts_with("/assets/vestibule-")).expect("a style sheet").to_owned();
    let plain = app.get(&address).await;
    assert_eq!((plain.status.as_u16(), plain.header("content-type")), (200, "text/css; charset=utf-8"));
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(plain.header("x-content-type-options"), "nosniff");
    let packed = app.get(&address).header("accept-encoding", "gzip").await;
    assert_eq!((packed.status.as_u16(), packed.header("content-encoding")), (200, "gzip"));
    assert_eq!(packed.header("vary"), "accept-encoding");
    assert_eq!(app.get("/assets/vestibule.css").await.status, 404, "without its hash it is nothing");
});
