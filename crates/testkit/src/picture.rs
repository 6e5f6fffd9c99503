//! Pictures, read back as a camera would.

/// What a camera would read in the picture of a QR code, an `<svg>` element.
///
/// # Panics
/// When there is no code in it, or more than one.
pub fn read_picture(svg: &str) -> String {
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let between = |from: &str, to: &str| {
        let rest = &svg[svg.find(from).expect("it is there") + from.len()..];
        rest[..rest.find(to).expect("it ends")].to_owned()
    };
    let width = number(&between(" width=\"", "\""));
    let mut dark = vec![false; width * width];
    for rectangle in between(" d=\"M", "\"").split('M') {
        // x y h(width) v(height) H(x) V(y)
        let sides: Vec<usize> = rectangle.split([' ', 'h', 'v', 'H', 'V']).map(number).collect();
        let [x, y, w, h, ..] = sides[..] else { panic!("not a rectangle: {rectangle}") };
        for row in y..y + h {
            dark[row * width + x..row * width + x + w].fill(true);
        }
    }
    let luma = |x: usize, y: usize| if dark[y * width + x] { 0 } else { 255 };
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, width, luma);
    let codes = picture.detect_grids();
    assert_eq!(codes.len(), 1, "one code in the picture");
    codes[0].decode().expect("it can be read").1
}
