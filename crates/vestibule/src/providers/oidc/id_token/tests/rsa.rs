//! An RSA key of 2048 bits, and two tokens that somebody else's program signed with its private half, which is kept
//! nowhere.

/// The modulus.
pub const MODULUS: &str = "ngq5QzrKSPCNs2JrE5kapokClZO138IR7mrFmX8geaIq4CJ4uH7asA9_y38lrh0uZqGf_GQv4RGJqc-g38kIe7D4XA7tZqHXynHb\
    OGRcJ84EUC5ytJocFcGqCJs3SmYdSRkMgllugAvFcikJ4x1ZzM149HWrMZZRVEVgqBFjJt1k2yvVZ4mvtX2tFJ9JLLDtA36Mj0IC\
    nbnt5iXTZWwJ2Ic9WeWTV_o6lJTU4gFbZyiuKNILv6N-EyduIW380-FcN56Ln1nPNPKR44htl0NzR5TCRDewNbu6VTcn9AD_8bHy\
    4VLkof_T-VaqRFbpk3FvjZbbEqQwW13Ve6Xhc_zaRQ";
/// The token under RS256.
pub const RS256: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUuY29tIiwic3ViIjoiMjQ4Mjg\
    5NzYxMDAxIiwiYXVkIjoidXMiLCJub25jZSI6Im4tMFM2IiwiZXhwIjoxODAwMDAwMzAwLCJpYXQiOjE4MDAwMDAwMDB9.H4woFD\
    drI3vth3Bw5cV2JXD-iRvnt6tlKf2QRqmi8u4B7Ti33BVtQDjxPRYD1E-wZxlMa64vENIx1J3MvJi0yq137xM4Kph1fNbj0gd0tj\
    Ze_zu_XlLMf0YtJFh2is8GVvkbt7dWJKsbnsRS40XGFZ6rnFoeJJb10fdHo_LLfqJaTr0u21SJs2XMC4zVocBif0-IPlxgD82ir2\
    8rgAE1UzcgS0XRrYjMJtprlqmJ5RhrBHtZltGkFOPtAFQP0HNzyBdjWQglYusVVVlqUGflJz-F6GJFS8TGf9X06IzTtAl0qSC6fR\
    LLTLcDJsjKGpQW0nlhYbB5cjhbu32Xg0vbUA";
/// The token under PS256.
pub const PS256: &str = "eyJhbGciOiJQUzI1NiIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUuY29tIiwic3ViIjoiMjQ4Mjg\
    5NzYxMDAxIiwiYXVkIjoidXMiLCJub25jZSI6Im4tMFM2IiwiZXhwIjoxODAwMDAwMzAwLCJpYXQiOjE4MDAwMDAwMDB9.Hd92jx\
    JS6TUpzGXJawVjtsjHSz87w-HTMih44YCKfnMFqxX7o80PBoi_zxyX3CK7EqctIY8--zr35IfOUTk6EzXJj5VlKl984rW0i-afUf\
    6wyX-5nEjqMOwX1xwwVKaPBTwt0wwhKiFSBYncKmjusnb-KDMooK9nLfv8U0thlxhqmkapujPhDV7Vq189STMrYEY2BHjtb5Lc9v\
    6fUtRV-jf6krckfric9ix3UKzk8IAu1YuNpEe_HtxfrR6OAlh8D2QvCdrBlFnXo-e_rnJg8epKEu-Gj_mSVYfmqx0uwV4bdQLdnI\
    u7TMkHVxHgZRBeaH1wDuWLTaDjJFkHQhKLog";
