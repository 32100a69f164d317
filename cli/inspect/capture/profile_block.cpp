#include "capture/profile_block.hpp"

#include <algorithm>
#include <array>

#include "capture/profile_text.hpp"

namespace tasks::inspect::profile {
namespace {

using protocol::Capture;

bool take_optional(std::optional<std::uint64_t> value, std::optional<std::uint64_t>& into) {
    into = value ? value : into;
    return value.has_value();
}

/// `chan send "results"`, `running`, `state unknown`, `waiting`.
bool take_doing(std::string_view field, Block& block) {
    const auto words = field.substr(0, field.find(" \""));
    if (words == "state unknown") {
        block.state = protocol::State::unknown;
        return true;
    }
    if (const auto state = protocol::state_of(words)) {
        block.state = *state;
        block.wait_reason =
            *state == protocol::State::waiting ? protocol::WaitReason::unknown : protocol::WaitReason::none;
        return true;
    }
    // A reason that a later version knows is a wait all the same.
    block.state = protocol::State::waiting;
    block.wait_reason = protocol::wait_reason_of(words).value_or(protocol::WaitReason::unknown);
    return true;
}

/// `2.000s`, `2.000s - 5m12.004s`, `last ran 3.100s ago`.
std::optional<Ages> ages_of(std::string_view field) {
    Ages ages;
    if (take_keyword(field, "last ran")) {
        if (!field.ends_with(" ago")) {
            return std::nullopt;
        }
        field.remove_suffix(4);
        ages.last_ran = true;
    }
    const auto dash = field.find(" - ");
    const auto least = duration(field.substr(0, dash));
    const auto most = dash == field.npos ? least : duration(field.substr(dash + 3));
    if (!least || !most || *most < *least) {
        return std::nullopt;
    }
    ages.least_ns = *least;
    ages.most_ns = *most;
    return ages;
}

bool is_label(std::string_view field) {
    const auto equals = field.find('=');
    return equals != field.npos && equals < field.find(' ') && !field.starts_with('[');
}

struct FrameField {
    std::string_view keyword;
    std::uint64_t TaskFrameFacts::* into;
};
constexpr std::array frame_fields{
    FrameField{"frame", &TaskFrameFacts::frame}, FrameField{"awaiter", &TaskFrameFacts::awaited_by},
    FrameField{"starter", &TaskFrameFacts::started_by}, FrameField{"creator", &TaskFrameFacts::creator_pc},
    FrameField{"registered", &TaskFrameFacts::created_in_pc}};

bool take_field(std::string_view field, Block& block) {
    if (is_label(field)) {
        block.label = field;
        return true;
    }
    if (field == "label cut") {
        block.label_cut = true;
        return true;
    }
    if (field.starts_with('[')) {
        block.name = unescaped(field.substr(1, field.size() - (field.ends_with(']') ? 2 : 1)));
        return true;
    }
    if (take_keyword(field, "id")) {
        return take_optional(number(field), block.id);
    }
    if (take_keyword(field, "on")) {
        return take_number(field, block.object);
    }
    if (take_keyword(field, "started")) {
        return take_optional(duration(field), block.started_ago_ns);
    }
    if (take_keyword(field, "tid")) {
        return take_number(field, block.tid);
    }
    for (const auto& [keyword, into] : frame_fields) {
        if (take_keyword(field, keyword)) {
            return take_number(field, block.frame.*into);
        }
    }
    if (const auto ages = ages_of(field)) {
        block.ages = ages;
    }
    return true;
}

ThreadFacts& thread_of(Block& block) {
    if (!block.thread) {
        block.thread.emplace();
    }
    return *block.thread;
}

/// `captured`, `tid 12340`, `worker`, `after 1200`, `ran 3000000`, `in pipe_read`.
bool take_thread(std::string_view word, const std::vector<std::string_view>& fields, Block& block) {
    auto& thread = thread_of(block);
    thread.capture = protocol::capture_of(word).value_or(Capture::unknown);
    bool good = true;
    for (std::size_t at = 1; at < fields.size(); ++at) {
        auto field = fields[at];
        if (take_keyword(field, "tid")) {
            good = take_number(field, thread.tid) && good;
        } else if (take_keyword(field, "after")) {
            good = take_number(field, thread.taken_at_ns) && good;
        } else if (take_keyword(field, "ran")) {
            good = take_optional(number(field), thread.last_ran_ago_ns) && good;
        } else if (take_keyword(field, "in")) {
            thread.wait_channel = unescaped(field);
        } else if (at == 2) {
            thread.name = unescaped(field);
        }
    }
    return good;
}

bool take_call(std::string_view words, ThreadFacts& thread) {
    bool good = take_number(take_word(words).value_or(""), thread.syscall);
    for (auto& argument : thread.arguments) {
        good = good && take_number(take_word(words).value_or(""), argument);
    }
    return good;
}

bool take_registers(std::string_view words, ThreadFacts& thread) {
    thread.registers.clear();
    while (const auto word = take_word(words)) {
        std::uint64_t value = 0;
        if (thread.registers.size() == protocol::max_registers || !take_number(*word, value)) {
            thread.registers.clear();
            return false;
        }
        thread.registers.push_back(value);
    }
    return true;
}

bool take_tids(std::string_view words, Block& block) {
    while (const auto word = take_word(words)) {
        std::uint32_t tid = 0;
        if (!take_number(*word, tid)) {
            return false;
        }
        block.tids.push_back(tid);
    }
    return true;
}

bool take_stack(std::string_view bytes, bool cut, Block& block) {
    block.in_stack = take_number(bytes, block.stack_bytes) && block.stack_bytes <= protocol::max_stack_bytes;
    thread_of(block).stack_cut = cut;
    return block.in_stack;
}

bool take_stack_bytes(std::string_view letters, Block& block) {
    auto& stack = thread_of(block).stack;
    const auto bytes = from_base64(letters);
    if (!bytes || bytes->size() > block.stack_bytes - stack.size()) {
        block.in_stack = false;
        return false;
    }
    stack += *bytes;
    return true;
}

bool take_scope(std::string_view rest, Block& block) {
    if (block.scope_places.size() < protocol::max_scopes) {
        block.scope_places.emplace_back(rest);
    }
    return true;
}

bool take_pc(std::string_view field, Block& block) {
    return take_keyword(field, "pc") && take_number(field, thread_of(block).pc);
}

/// A line after its keyword: the words of its first field, all to its end, and its fields.
struct Detail {
    std::string_view words;
    std::string_view rest;
    const std::vector<std::string_view>& fields;
};

struct DetailKind {
    std::string_view keyword;
    bool (*take)(const Detail& detail, Block& block);
};

constexpr std::array details{
    DetailKind{"waits at", [](const Detail& of, Block& block) { return block.wait_place = of.rest, true; }},
    DetailKind{"created by", [](const Detail& of, Block& block) { return take_scope(of.rest, block); }},
    DetailKind{"then", [](const Detail& of, Block& block) { return take_scope(of.rest, block); }},
    DetailKind{"deeper", [](const Detail& of, Block& block) { return take_number(of.words, block.scopes_left_out); }},
    DetailKind{"tids", [](const Detail& of, Block& block) { return take_tids(of.words, block); }},
    DetailKind{"thread", [](const Detail& of, Block& block) { return take_thread(of.words, of.fields, block); }},
    DetailKind{"at", [](const Detail& of, Block& block) { return take_pc(of.fields.back(), block); }},
    DetailKind{"call", [](const Detail& of, Block& block) { return take_call(of.words, thread_of(block)); }},
    DetailKind{"sp", [](const Detail& of, Block& block) { return take_number(of.words, thread_of(block).sp); }},
    DetailKind{"registers", [](const Detail& of, Block& block) { return take_registers(of.words, thread_of(block)); }},
    DetailKind{"stack",
               [](const Detail& of, Block& block) { return take_stack(of.words, of.fields.back() == "cut", block); }},
};

} // namespace

bool take_first_line(std::string_view line, Block& block) {
    const auto fields = fields_of(line);
    if (fields.size() < 3) {
        return false;
    }
    auto words = fields[0];
    const bool counted = take_number(take_word(words).value_or(""), block.count);
    if (!counted || (words != "task" && words != "tasks") || block.count == 0) {
        block.count = 0;
        return false;
    }
    block.kind = protocol::kind_of(fields[1]).value_or(protocol::Kind::unknown);
    take_doing(fields[2], block);
    return std::all_of(fields.begin() + 3, fields.end(), [&](auto field) { return take_field(field, block); });
}

bool take_detail(std::string_view line, Block& block) {
    if (line.starts_with("    ")) {
        return block.in_stack && take_stack_bytes(line.substr(4), block);
    }
    block.in_stack = false;
    const auto fields = fields_of(line);
    for (const auto& [keyword, take] : details) {
        auto words = fields.empty() ? std::string_view{} : fields.front();
        if (take_keyword(words, keyword)) {
            const auto rest = line.substr(static_cast<std::size_t>(words.data() - line.data()));
            return take({words, rest, fields}, block);
        }
    }
    return true;
}

} // namespace tasks::inspect::profile
