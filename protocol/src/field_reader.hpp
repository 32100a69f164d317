// Reads the fields of one message from a peer's bytes. Each getter returns false when the present field is not the
// one with that number; else it checks its wire type and its cap, stores it and returns true. What is wrong is
// thrown as Refused with a sentence; protozero throws its own for bytes that are no protobuf. Both are caught in
// read<Message>() and go no further. Keeps views into the bytes. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <protozero/pbf_reader.hpp>

#include <tasks/protocol/messages.hpp>

namespace tasks::protocol {

/// Why a message is not accepted. Only within messages_read.cpp.
struct Refused {
    std::string sentence;
};

class FieldReader {
public:
    FieldReader(std::string_view bytes, const char* message) noexcept
        : reader_(bytes.data(), bytes.size()), message_(message) {}

    bool next() {
        name_ = "a field";
        return reader_.next();
    }
    void skip() {
        name_ = "an unknown field";
        reader_.skip();
    }

    template <class Field> bool number(Field field, const char* name, std::uint64_t& out) {
        return is(field, name) && (out = varint(), true);
    }
    template <class Field> bool number(Field field, const char* name, std::uint32_t& out) {
        return is(field, name) && (out = narrow(varint()), true);
    }
    template <class Field, class Number> bool number(Field field, const char* name, std::optional<Number>& out) {
        return is(field, name) && number(field, name, out.emplace());
    }
    template <class Field> bool signed_number(Field field, const char* name, std::optional<std::int64_t>& out) {
        return is(field, name) && (out = protozero::decode_zigzag64(varint()), true);
    }
    template <class Field> bool flag(Field field, const char* name, bool& out) {
        return is(field, name) && (out = varint() != 0, true);
    }
    /// `known(number)` turns the number into a value, also one that this version does not know.
    template <class Field, class Value, class Known>
    bool enumeration(Field field, const char* name, Value& out, Known&& known) {
        return is(field, name) && (out = known(varint()), true);
    }
    template <class Field> bool fixed(Field field, const char* name, std::uint64_t& out) {
        if (!is(field, name))
            return false;
        expect(protozero::pbf_wire_type::fixed64, "eight bytes");
        out = reader_.get_fixed64();
        return true;
    }
    template <class Field>
    bool bytes(Field field, const char* name, std::string_view& out, std::size_t cap = max_string_bytes) {
        if (!is(field, name))
            return false;
        const auto view = length_delimited("bytes");
        if (view.size() > cap)
            refuse("is longer than " + std::to_string(cap) + " bytes");
        out = view;
        return true;
    }

    /// Hands each number of a repeated field to take(number): packed or, as proto3 allows, one by one.
    template <class Field, class Take> bool numbers(Field field, const char* name, Take&& take) {
        if (!is(field, name))
            return false;
        if (reader_.wire_type() == protozero::pbf_wire_type::varint) {
            take(varint());
            return true;
        }
        expect(protozero::pbf_wire_type::length_delimited, "numbers");
        for (const auto number : reader_.get_packed_uint64())
            take(number);
        return true;
    }
    /// At most N numbers; missing ones stay as they are. For one array a message.
    template <class Field, std::size_t N> bool array(Field field, const char* name, std::array<std::uint64_t, N>& out) {
        return numbers(field, name, [&](std::uint64_t number) {
            check_room(array_filled_, N);
            out[array_filled_++] = number;
        });
    }
    /// The same for numbers of eight bytes each; `count` of them are there already.
    template <class Field, std::size_t N>
    bool fixed_array(Field field, const char* name, std::array<std::uint64_t, N>& out, std::uint32_t& count) {
        if (!is(field, name))
            return false;
        const auto take = [&](std::uint64_t number) {
            check_room(count, N);
            out[count++] = number;
        };
        if (reader_.wire_type() == protozero::pbf_wire_type::fixed64) {
            take(reader_.get_fixed64());
            return true;
        }
        expect(protozero::pbf_wire_type::length_delimited, "numbers of eight bytes");
        for (const auto number : reader_.get_packed_fixed64())
            take(number);
        return true;
    }
    template <class Field, class Numbers> bool numbers32(Field field, const char* name, Numbers& out) {
        return numbers(field, name, [&](std::uint64_t number) {
            check_room(out.size(), max_elements);
            out.push_back(narrow(number));
        });
    }

    /// Appends the element of a repeated message to `out`, read by read_field(FieldReader&, Element&).
    template <class Field, class Elements>
    bool element(Field field, const char* name, const char* message, Elements& out, std::size_t cap = max_elements) {
        if (!is(field, name))
            return false;
        check_room(out.size(), cap);
        FieldReader inside{length_delimited("a message"), message};
        inside.all(out.emplace_back());
        return true;
    }

    /// Every field of the message.
    template <class Message> void all(Message& out) {
        try {
            while (next())
                if (!read_field(*this, out))
                    skip();
        } catch (const protozero::exception& error) {
            refuse(std::string{"is no protobuf ("} + error.what() + ")");
        }
    }

    void check_room(std::size_t count, std::size_t cap) const {
        if (count >= cap)
            refuse("has more than " + std::to_string(cap) + " elements");
    }
    std::uint32_t narrow(std::uint64_t number) const {
        if (number > std::numeric_limits<std::uint32_t>::max())
            refuse("is a number of more than 32 bits");
        return static_cast<std::uint32_t>(number);
    }
    [[noreturn]] void refuse(const std::string& what) const {
        throw Refused{std::string{message_} + ", " + name_ + ": " + what};
    }

private:
    template <class Field> bool is(Field field, const char* name) noexcept {
        if (reader_.tag() != static_cast<protozero::pbf_tag_type>(field))
            return false;
        name_ = name;
        return true;
    }
    void expect(protozero::pbf_wire_type type, const char* what) const {
        if (reader_.wire_type() != type)
            refuse(std::string{"is not encoded as "} + what);
    }
    std::uint64_t varint() {
        expect(protozero::pbf_wire_type::varint, "a number");
        return reader_.get_uint64();
    }
    std::string_view length_delimited(const char* what) {
        expect(protozero::pbf_wire_type::length_delimited, what);
        const auto view = reader_.get_view();
        return {view.data(), view.size()};
    }

    protozero::pbf_reader reader_;
    const char* message_;
    const char* name_ = "a field";
    std::size_t array_filled_ = 0;
};

} // namespace tasks::protocol
