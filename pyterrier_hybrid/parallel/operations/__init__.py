"""Operations on pair stores."""
