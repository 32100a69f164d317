// JSON, streamed into a Sink: 16 KiB at a time, whatever the length of the report. Every string is cleaned, so that
// the output is valid UTF-8. Unknown is null. One thread at a time. finish() hands over the rest; the destructor
// cannot, since a Sink may throw.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <rapidjson/writer.h>

#include "render/render.hpp"

namespace tasks::render {

class JsonWriter {
public:
    explicit JsonWriter(Sink& sink) : stream_(sink), writer_(stream_) {}
    JsonWriter(const JsonWriter&) = delete;
    JsonWriter& operator=(const JsonWriter&) = delete;

    /// Ends the document with a line feed.
    void finish();

    void begin_object() { writer_.StartObject(); }
    void end_object() { writer_.EndObject(); }
    void begin_array() { writer_.StartArray(); }
    void end_array() { writer_.EndArray(); }

    /// Names are literals of ours. Returns *this: json.key("pid").value(...).
    JsonWriter& key(std::string_view name);

    void null() { writer_.Null(); }
    void boolean(bool value) { writer_.Bool(value); }
    void number(std::uint64_t value) { writer_.Uint64(value); }
    void number(std::int64_t value) { writer_.Int64(value); }
    void number(const std::optional<std::uint64_t>& value) { value ? number(*value) : null(); }
    void number(const std::optional<std::int64_t>& value) { value ? number(*value) : null(); }
    void number(const std::optional<std::uint32_t>& value) { value ? number(std::uint64_t{*value}) : null(); }

    /// With at most three decimals; null where it is not known or not finite.
    void decimal(const std::optional<double>& value);

    /// 0 is "not known": null.
    void number_unless_0(std::uint64_t value) { value == 0 ? null() : number(value); }

    void string(std::string_view text);
    void string_unless_empty(std::string_view text) { text.empty() ? null() : string(text); }

    /// "0x1f", null for 0.
    void address(std::uint64_t value);

private:
    /// rapidjson's output stream.
    class Stream {
    public:
        using Ch = char;
        explicit Stream(Sink& sink) : sink_(sink) {}
        void Put(char c) {
            if (used_ == buffer_.size()) {
                Flush();
            }
            buffer_[used_++] = c;
        }
        void Flush();

    private:
        Sink& sink_;
        std::size_t used_ = 0;
        std::array<char, 16384> buffer_{};
    };

    Stream stream_;
    rapidjson::Writer<Stream> writer_;
};

} // namespace tasks::render
