#include "render/json_writer.hpp"

#include <cmath>

#include <fmt/format.h>

#include "render/clean.hpp"

namespace tasks::render {

void JsonWriter::finish() {
    stream_.Put('\n');
    stream_.Flush();
}

JsonWriter& JsonWriter::key(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    return *this;
}

void JsonWriter::decimal(const std::optional<double>& value) {
    if (!value || !std::isfinite(*value)) {
        null();
        return;
    }
    writer_.Double(std::round(*value * 1000) / 1000);
}

void JsonWriter::string(std::string_view text) {
    const auto cleaned = clean(text);
    writer_.String(cleaned.data(), static_cast<rapidjson::SizeType>(cleaned.size()));
}

void JsonWriter::address(std::uint64_t value) {
    if (value == 0) {
        null();
        return;
    }
    std::array<char, 18> text{};
    const auto* end = fmt::format_to(text.data(), "{:#x}", value);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(end - text.data()));
}

void JsonWriter::Stream::Flush() {
    sink_.write({buffer_.data(), used_});
    used_ = 0;
}

} // namespace tasks::render
