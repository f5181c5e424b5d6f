"""The sentence templates of atlas in Vietnamese."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language, lower_first

_COMMON_NOUNS = ("Tiếng ", "Thứ ", "Đồng ", "Đô la ", "Vùng ", "Miền ")


def _territory_fields(_: str, name: str) -> dict[str, str]:
    return {"x": lower_first(name) if name.startswith(("Quần đảo ", "Đảo ")) else name}


def _answer_fields(_: str, name: str) -> dict[str, str]:
    return {"y": lower_first(name) if name.startswith(_COMMON_NOUNS) else name}


LANGUAGE = Language(
    statements={
        "language": (
            "Ngôn ngữ chính thức của {x} là {y}.",
            "Luật pháp và giấy tờ nhà nước ở {x} được soạn bằng {y}.",
            "{y} có địa vị ngôn ngữ chính thức tại {x}. Tòa án và cơ quan hành chính đều dùng thứ tiếng này.",
        ),
        "currency": (
            "Đơn vị tiền tệ của {x} là {y}.",
            "Người dân ở {x} thanh toán bằng {y}.",
            "{y} là đồng tiền hợp pháp tại {x}. Giá cả và tiền lương được tính theo đồng tiền này.",
        ),
        "region": (
            "{x} nằm ở {y}.",
            "Liên Hợp Quốc coi {x} là một phần của {y}.",
            "Trên bản đồ thế giới, ta tìm thấy {x} ở {y}.",
        ),
        "week": (
            "Ở {x}, tuần bắt đầu vào {y}.",
            "{y} được coi là ngày đầu tuần tại {x}. Sổ lịch làm việc cũng xếp theo thứ tự ấy.",
            "Lịch treo ở {x} đặt {y} vào cột đầu tiên.",
        ),
        "code": (
            "Tiêu chuẩn ISO 3166 viết tắt {x} là {y}.",
            "Mã hai chữ cái của {x} là {y}. Mã này được quy định trong tiêu chuẩn ISO 3166.",
            "Trong các danh mục theo ISO 3166, hai chữ {y} chỉ {x}.",
        ),
    },
    questions={
        "language": (
            "Các cơ quan công quyền ở {x} làm việc bằng tiếng gì?",
            "Nhà nước công nhận thứ tiếng nào ở {x}?",
            "Văn bản luật tại {x} được ban hành bằng ngôn ngữ nào?",
        ),
        "currency": (
            "Ở {x} người ta trả bằng tiền gì?",
            "Tôi cần đổi loại tiền nào để mua sắm tại {x}?",
            "Giá hàng hóa ở {x} được niêm yết theo đơn vị nào?",
        ),
        "region": (
            "{x} thuộc khu vực nào của thế giới?",
            "Phải tìm {x} ở đâu trên quả địa cầu?",
            "Cư dân {x} sống tại vùng nào của trái đất?",
        ),
        "week": (
            "Tuần mới ở {x} khởi đầu từ hôm nào?",
            "Người dân {x} mở đầu một tuần bằng thứ mấy?",
            "Tờ lịch in tại {x} ghi ngày nào trước nhất?",
        ),
        "code": (
            "Hai ký tự nào đại diện cho {x}?",
            "Mã quốc gia ISO của {x} là gì?",
            "Tên {x} được rút gọn thế nào trên phạm vi quốc tế?",
        ),
    },
    territory_fields=_territory_fields,
    answer_fields=_answer_fields,
)
