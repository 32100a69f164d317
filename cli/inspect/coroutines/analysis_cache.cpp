#include "coroutines/analysis_cache.hpp"

#include <charconv>
#include <optional>

#include <tasks/protocol/version.hpp>

#include "capture/cache_file.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t most_bytes = 16u << 20;
constexpr std::size_t most_modules = 64;
constexpr std::string_view name_begin = "coroutines-";
constexpr std::size_t most_points = 4096;
constexpr std::uint32_t most_offset = 1u << 24;

std::uint64_t checksum(std::string_view text) { // FNV-1a
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return hash;
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

bool fits_in_a_line(std::string_view text) { return text.find_first_of("\t\n") == std::string_view::npos; }

/// The words of one line.
class Line {
public:
    Line(std::string_view text, char tag) : left_(text) { good_ = take() == std::string_view{&tag, 1}; }

    std::string_view take(char until = ' ') {
        const auto end = left_.find(until);
        const auto word = left_.substr(0, end);
        ended_ = end == std::string_view::npos;
        left_.remove_prefix(ended_ ? left_.size() : end + 1);
        return word;
    }

    std::uint64_t number(std::uint64_t most, char until = ' ') {
        const auto word = take(until);
        std::uint64_t value = 0;
        const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
        good_ =
            good_ && !word.empty() && end.ec == std::errc{} && end.ptr == word.data() + word.size() && value <= most;
        return good_ ? value : 0;
    }

    bool good() const { return good_; }
    bool whole() const { return good_ && ended_ && left_.empty(); }

private:
    std::string_view left_;
    bool good_ = false;
    bool ended_ = false;
};

// "" behind the last.
std::string_view next_line(std::string_view& text) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

bool parse_point(std::string_view text, SuspendPoint& into) {
    Line line{text, 'P'};
    into.number = static_cast<std::uint32_t>(line.number(UINT32_MAX));
    into.kind = static_cast<PointKind>(line.number(2));
    into.provenance = static_cast<Provenance>(line.number(2));
    into.line = static_cast<std::uint32_t>(line.number(UINT32_MAX));
    into.awaiter_inferred = line.number(1, '\t') == 1;
    into.file = line.take('\t');
    into.awaiter = line.take('\t');
    return line.whole();
}

bool parse_layout(std::string_view text, FunctionAnalysis& into) {
    Line line{text, 'L'};
    const auto field = [&line](std::uint64_t most) -> std::optional<FrameField> {
        const auto offset = static_cast<std::uint32_t>(line.number(most_offset));
        const auto bytes = static_cast<std::uint32_t>(line.number(most));
        return bytes == 0 ? std::nullopt : std::optional{FrameField{offset, bytes}};
    };
    const auto size = line.number(most_offset);
    into.layout.size = size == 0 ? std::nullopt : std::optional{size};
    into.layout.promise = field(most_offset);
    into.layout.index = into.points.index = field(8);
    into.layout.from_debug_information = line.number(1) == 1;
    into.line = static_cast<std::uint32_t>(line.number(UINT32_MAX, '\t'));
    into.file = line.take('\t');
    return line.whole();
}

bool parse_member(std::string_view text, FrameMember& into) {
    Line line{text, 'M'};
    into.field.offset = static_cast<std::uint32_t>(line.number(most_offset));
    into.field.bytes = static_cast<std::uint32_t>(line.number(most_offset));
    into.type = line.number(UINT64_MAX);
    into.argument = line.number(1) == 1;
    into.await_number = static_cast<std::int32_t>(line.number(INT32_MAX, '\t')) - 1;
    into.name = line.take('\t');
    return line.whole();
}

bool parse_index(std::string_view text, SuspendPoints& into) {
    Line line{text, 'I'};
    const auto index = static_cast<std::uint32_t>(line.number(UINT32_MAX));
    const auto place = static_cast<std::uint32_t>(line.number(UINT32_MAX));
    const bool rises = into.by_index.empty() || into.by_index.back().first < index;
    into.by_index.emplace_back(index, place);
    return line.whole() && rises && place < into.points.size();
}

bool parse_function(std::string_view& text, AnalysisCache::Functions& into) {
    Line line{next_line(text), 'F'};
    std::string key{line.take()};
    for (int i = 0; i < 2; ++i)
        key += " " + std::to_string(line.number(UINT64_MAX));
    const auto points = line.number(most_points);
    const auto indexes = line.number(4 * most_points);
    const auto members = line.number(most_points);
    FunctionAnalysis function;
    bool good = line.whole() && parse_layout(next_line(text), function);
    for (std::uint64_t i = 0; good && i < members; ++i)
        good = parse_member(next_line(text), function.layout.members.emplace_back());
    for (std::uint64_t i = 0; good && i < points; ++i)
        good = parse_point(next_line(text), function.points.points.emplace_back());
    for (std::uint64_t i = 0; good && i < indexes; ++i)
        good = parse_index(next_line(text), function.points);
    if (good)
        into[key] = std::move(function);
    return good;
}

std::string key_of(const CoroutineCode& code) {
    return code.linkage_name + " " + std::to_string(code.resume.start) + " " + std::to_string(code.resume.size);
}

bool is_small(const FrameField& field) { return field.offset <= most_offset && field.bytes <= most_offset; }

bool can_be_kept(const CoroutineCode& code, const FunctionAnalysis& found) {
    const auto& [layout, points, file, line] = found;
    bool fits = !code.linkage_name.empty() && code.linkage_name.find_first_of(" \t\n") == std::string::npos &&
                points.points.size() <= most_points && points.by_index.size() <= 4 * most_points &&
                layout.members.size() <= most_points && layout.index == points.index &&
                layout.size.value_or(1) - 1 < most_offset && is_small(layout.promise.value_or(FrameField{})) &&
                is_small(layout.index.value_or(FrameField{})) && fits_in_a_line(file);
    for (const FrameMember& member : layout.members)
        fits = fits && is_small(member.field) && fits_in_a_line(member.name);
    for (const SuspendPoint& point : points.points)
        fits = fits && fits_in_a_line(point.file) && fits_in_a_line(point.awaiter);
    return fits;
}

/// The text of one function.
class Lines {
public:
    explicit Lines(std::string& into) : text_(into) {}

    /// Words, then texts behind tabs.
    void line(std::string_view tag, std::initializer_list<std::uint64_t> numbers,
              std::initializer_list<std::string_view> texts = {}) {
        text_ += tag;
        for (const std::uint64_t number : numbers)
            text_.append(" ").append(std::to_string(number));
        for (const std::string_view text : texts)
            text_.append("\t").append(text);
        text_ += '\n';
    }

    void add(const std::string& key, const FunctionAnalysis& function) {
        const auto& [layout, points, file, declared] = function;
        line("F " + key, {points.points.size(), points.by_index.size(), layout.members.size()});
        const FrameField promise = layout.promise.value_or(FrameField{});
        const FrameField index = layout.index.value_or(FrameField{});
        line("L",
             {layout.size.value_or(0), promise.offset, promise.bytes, index.offset, index.bytes,
              layout.from_debug_information, declared},
             {file});
        for (const FrameMember& member : layout.members)
            line("M",
                 {member.field.offset, member.field.bytes, member.type, member.argument,
                  static_cast<std::uint64_t>(member.await_number + 1)},
                 {member.name});
        for (const SuspendPoint& point : points.points)
            line("P",
                 {point.number, static_cast<std::uint64_t>(point.kind), static_cast<std::uint64_t>(point.provenance),
                  point.line, point.awaiter_inferred},
                 {point.file, point.awaiter});
        for (const auto& [at, place] : points.by_index)
            line("I", {at, place});
    }

private:
    std::string& text_;
};

} // namespace

std::string AnalysisCache::text_of(const std::string& head, const Functions& functions) {
    std::string text = head;
    for (const auto& [key, function] : functions)
        Lines{text}.add(key, function);
    return text + "C " + std::to_string(checksum(text)) + "\n";
}

AnalysisCache::Functions AnalysisCache::parsed(const std::string& head, std::string_view text) {
    const auto last = text.rfind("\nC ");
    if (last == std::string_view::npos || !text.starts_with(head) ||
        text.substr(last + 1) != "C " + std::to_string(checksum(text.substr(0, last + 1))) + "\n")
        return {};
    auto left = text.substr(head.size(), last + 1 - std::min(last + 1, head.size()));
    Functions functions;
    while (!left.empty())
        if (!parse_function(left, functions))
            return {};
    return functions;
}

AnalysisCache::Module* AnalysisCache::module_of(ElfModule& module) {
    const std::string& id = module.image().build_id();
    if (id.size() < 8)
        return nullptr;
    const std::string name = std::string{name_begin} + hex(id);
    const auto [found, added] = modules_.try_emplace(name);
    if (added) {
        const bool debug = module.image().has_section(".debug_info") || module.debug_image() != nullptr;
        found->second.head =
            "tasks-coroutines 1 " + std::string{protocol::version} + " " + hex(id) + (debug ? " 1\n" : " 0\n");
        found->second.functions = parsed(found->second.head, CacheFile{world_, name, most_bytes}.read());
    }
    return &found->second;
}

const FunctionAnalysis* AnalysisCache::find(ElfModule& module, const CoroutineCode& code) {
    const Module* kept = module_of(module);
    if (kept == nullptr)
        return nullptr;
    const auto found = kept->functions.find(key_of(code));
    return found == kept->functions.end() ? nullptr : &found->second;
}

void AnalysisCache::keep(ElfModule& module, const CoroutineCode& code, const FunctionAnalysis& found) {
    Module* kept = module_of(module);
    if (kept == nullptr || !can_be_kept(code, found))
        return;
    kept->functions[key_of(code)] = found;
    kept->changed = true;
}

void AnalysisCache::save() {
    for (auto& [name, module] : modules_) {
        if (!module.changed)
            continue;
        const CacheFile file{world_, name, most_bytes};
        file.write(text_of(module.head, module.functions));
        file.keep_newest(name_begin, most_modules);
        module.changed = false;
    }
}

} // namespace tasks::inspect
