#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wukong_render_fuzz::templates(data));
