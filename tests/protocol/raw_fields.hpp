// Protobuf fields by hand, as a peer might send them: for bytes that our own writers never make.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <protozero/pbf_writer.hpp>

namespace tasks::protocol::tests {

inline std::string varint_field(std::uint32_t number, std::uint64_t value) {
    std::string bytes;
    protozero::pbf_writer{bytes}.add_uint64(number, value);
    return bytes;
}
inline std::string bytes_field(std::uint32_t number, std::string_view value) {
    std::string bytes;
    protozero::pbf_writer{bytes}.add_bytes(number, value.data(), value.size());
    return bytes;
}
inline std::string fixed32_field(std::uint32_t number, std::uint32_t value) {
    std::string bytes;
    protozero::pbf_writer{bytes}.add_fixed32(number, value);
    return bytes;
}
inline std::string fixed64_field(std::uint32_t number, std::uint64_t value) {
    std::string bytes;
    protozero::pbf_writer{bytes}.add_fixed64(number, value);
    return bytes;
}
inline std::string times(std::size_t count, std::string_view bytes) {
    std::string all;
    all.reserve(count * bytes.size());
    for (; count > 0; --count)
        all += bytes;
    return all;
}

} // namespace tasks::protocol::tests
